"""Doubles itself for ever.

Status: timed out, kernel died, out of memory
"""

# %%
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
