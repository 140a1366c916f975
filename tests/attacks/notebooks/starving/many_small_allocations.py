"""Fills memory with small objects.

Status: out of memory
"""

# %%
kept = []
while True:
    kept.append(bytearray(10_000))
