"""Asks for 20 GB at once.

Status: out of memory
"""

# %%
kept = np.ones(20 * 2**30, dtype=np.uint8)
