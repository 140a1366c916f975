"""Writes when the interpreter ends, when a thread ends, and when its objects are freed."""

# %%
import atexit
import os
import threading
import time


def late():
    for path in ("@COURSE@/gradebook.db", "/tmp/@TOKEN@"):
        try:
            open(path, "a").write("x")
        except OSError:
            pass


class Last:
    def __del__(self):
        late()


def wait():
    while True:
        time.sleep(0.1)
        late()


atexit.register(late)
last = Last()
threading.Thread(target=wait, daemon=False).start()
