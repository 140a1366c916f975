"""Sends one message of thousands of frames, each smaller than a message may be, which together fill the grader.

Status: too large, graded, kernel died
Limits: cpu_s 10, total_cpu_s 30
"""

# %%
import threading

import zmq

kernel = get_ipython().kernel
socket = kernel.iopub_socket
socket = getattr(getattr(socket, "io_thread", None), "socket", socket)
piece = bytes(1_900_000)
for start in kernel.session.serialize(kernel.session.msg("stream", {"text": ""}, parent=kernel.get_parent()), ident=b"x"):
    socket.send(start, zmq.SNDMORE)
for _ in range(5000):
    socket.send(piece, zmq.SNDMORE, copy=False)
socket.send(b"")
