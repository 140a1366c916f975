"""Sends an answer with 300 MB of buffers.

Tools: link
Status: kernel died
"""

# %%
piece = bytes(2**20)


def make(header, buffers):
    write({"id": header["id"], "ok": True, "value": 1}, [piece] * 300)


answer_with(make)
