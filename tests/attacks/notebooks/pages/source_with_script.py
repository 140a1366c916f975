"""Puts scripts into the source of its answers and into cells of its own, which formgrader and feedback show."""

# %%
"</script><script>alert('pwned')</script>"


# %% solution="pairs"
n_pairs = "</textarea></pre><script>alert('pwned')</script><style>*{display:none}</style>"
