"""Puts scripts, images with handlers and frames into the message of a visible check, which the feedback page shows."""

# %%
payload = "</code></td></table><script>alert('pwned')</script><img src=x onerror=alert(1)><iframe src=//192.0.2.1>"


# %% solution="total"
def running_total(values_N):
    raise ValueError(payload)


# %% solution="pairs"
n_pairs = payload


# %% solution="tray"
def weigh(tray):
    return payload
