"""Calls a server on the host's loopback, as a notebook server, a database or a scheduler would be there."""

# %%
import socket

for address in (("127.0.0.1", int("@PORT@")), ("localhost", int("@PORT@")), ("0.0.0.0", int("@PORT@")), ("::1", int("@PORT@"))):
    try:
        socket.create_connection(address, timeout=1).sendall(b"hello")
    except OSError:
        pass
