"""Connects to sockets of the host that have no path, as those of D-Bus and X11."""

# %%
import socket

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    try:
        with socket.socket(socket.AF_UNIX, kind) as client:
            client.connect("\0@ABSTRACT@")
            client.send(b"hello")
    except OSError:
        pass
