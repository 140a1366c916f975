"""Computes in short-lived children whose computing time nobody counts, because their parent ignores their end.

Status: timed out
Slow: yes
"""

# %%
import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        end = time.monotonic() + 0.03
        while time.monotonic() < end:
            pass
        os._exit(0)
    time.sleep(0.02)
