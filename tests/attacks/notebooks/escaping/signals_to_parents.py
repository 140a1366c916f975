"""Stops and kills everything that it may signal: its parents, its process group, every number up to 70,000.

Status: kernel died
"""

# %%
import os
import signal

for pid in (os.getppid(), int("@HOST_PID@"), -1):
    for number in (signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError:
            pass
for pid in range(3, 70_000):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
