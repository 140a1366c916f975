"""Announces 256 MB of buffers, four times the allowed size, and a header of 4 GB; sends none of them.

Tools: link
"""

# %%
def make(header, buffers):
    write({"id": header["id"], "ok": True, "value": 1}, buffers=[2**28] * 4)
    _sock.sendall(b"\xff\xff\xff\xff")


answer_with(make)
