"""Fills memory from many processes, each of which uses less than it may.

Status: out of memory
"""

# %%
import os
import time

for _ in range(20):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1000) * 100_000)
        time.sleep(600)
time.sleep(8)
