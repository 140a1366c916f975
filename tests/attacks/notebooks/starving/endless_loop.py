"""Computes for ever.

Status: timed out
"""

# %%
while True:
    pass
