"""Computes in C, where no interrupt is heard.

Status: timed out
"""

# %%
sum(range(10**12))
