"""Writes bytes on the link that are no frames, beside the kit's own server.

Tools: link
Status: kernel died
"""

# %%
_sock.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
