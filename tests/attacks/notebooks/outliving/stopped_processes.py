"""Leaves processes that are stopped or traced, and a kernel that does not answer when it is told to end."""

# %%
import ctypes
import os
import signal
import subprocess
import sys

libc = ctypes.CDLL(None)
for _ in range(4):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "@TOKEN@"], start_new_session=True)
    os.kill(child.pid, signal.SIGSTOP)
traced = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
libc.ptrace(16, traced.pid, 0, 0)
get_ipython().kernel.do_shutdown = lambda restart: {"status": "ok", "restart": True}
