"""Fails with texts of a million characters: surrogates, control characters, escapes of terminals, other directions."""

# %%
text = "\ud800\x1b]0;owned\x07\x1b[2J\x00\u202e\u2066\r\n|</td><script>alert(1)</script>" * 20_000


# %% solution="total"
def running_total(values_N):
    raise ValueError(text)


# %% solution="pairs"
n_pairs = text


# %% solution="tray"
def weigh(tray):
    return {text: [text] * 3}
