"""Fills every folder that it can write.

Status: graded
"""

# %%
import os

for folder in ("/work", "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue"):
    number = 0
    try:
        while True:
            number += 1
            with open(f"{folder}/@TOKEN@-{number}", "wb", buffering=0) as stream:
                for _ in range(8):
                    stream.write(bytes(2**20))
    except OSError:
        pass
