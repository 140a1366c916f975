"""Makes millions of empty files: they use no disk, but memory of the host's kernel, and take long to be removed.

Status: out of memory
Limits: cpu_s 20, total_cpu_s 60
"""

# %%
import os

for folder in ("/work", "/tmp", "/dev/shm"):
    where = os.open(folder, os.O_RDONLY)
    number = 0
    try:
        while True:
            number += 1
            os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY, dir_fd=where))
    except OSError:
        pass
