"""Hands over five million empty lists, dicts and texts in one answer.

Tools: link
Status: kernel died
Slow: yes
"""

# %%
def make(header, buffers):
    tree = b"[" + b",".join([b"[]"] * 5_000_000) + b"]"
    write_raw(b'{"buffers": [], "ok": true, "id": %d, "value": %s}' % (header["id"], tree))


answer_with(make)
