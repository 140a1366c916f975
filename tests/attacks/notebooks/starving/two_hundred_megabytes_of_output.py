"""Prints 200 MB.

Status: too large, out of memory
"""

# %%
for _ in range(200):
    print("x" * 2**20)
