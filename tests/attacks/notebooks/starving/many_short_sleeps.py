"""Sleeps in many cells, each for less than one may take, and ends the kernel to start them all again.

Status: timed out, kernel died
Slow: yes
"""

# %%
import time

time.sleep(8)
# %%
time.sleep(8)
# %%
time.sleep(8)
# %%
time.sleep(8)
# %%
import os

os._exit(1)
# %%
os._exit(1)
# %%
os._exit(1)
# %%
os._exit(1)
