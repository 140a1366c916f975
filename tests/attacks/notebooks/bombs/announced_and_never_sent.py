"""Announces 256 MB of buffers, four times the allowed size, and a header of 4 GB; sends none of them.

Tools: link
Status: kernel died, timed out
"""

# %%
bombs = iter([[2**28] * 4, None, [-1], [2**64], [0.5], [[]], "x", [2**27]])


def make(header, buffers):
    sizes = next(bombs)
    if sizes is None:
        _sock.sendall(b"\xff\xff\xff\xff")
    else:
        write({"id": header["id"], "ok": True, "value": 1, "buffers": sizes})


answer_with(make)
