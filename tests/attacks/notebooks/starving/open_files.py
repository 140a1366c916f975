"""Opens files until it is refused, and makes thousands of pipes.

Status: graded, kernel died
"""

# %%
import os

kept = []
try:
    while True:
        kept += os.pipe()
except OSError:
    pass
