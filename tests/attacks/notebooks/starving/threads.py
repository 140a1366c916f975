"""Starts threads until it is refused, each with a large stack.

Status: graded, kernel died, out of memory
"""

# %%
import threading
import time

threading.stack_size(64 * 2**20)
while True:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    except RuntimeError:
        break
