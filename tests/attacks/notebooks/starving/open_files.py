"""Opens files until it is refused, and makes thousands of pipes.

Status: graded, kernel died
Slow: yes
"""

# %%
import os

kept = []
try:
    while True:
        kept += os.pipe()
except OSError:
    pass
