"""Fills memory that is shared, in files that have no name, and in System V segments.

Status: out of memory, graded
"""

# %%
import ctypes
import mmap
import os

libc = ctypes.CDLL(None)
segments = [libc.shmget(0, 2**30, 0o1600) for _ in range(20)]
assert set(segments) == {-1}
assert libc.memfd_create(b"x", 0) == -1
maps = []
while True:
    maps.append(mmap.mmap(-1, 2**24))
    for place in range(0, 2**24, 4096):
        maps[-1][place] = 1
