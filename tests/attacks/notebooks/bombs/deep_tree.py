"""Hands over lists that are nested 100,000 deep.

Tools: link
Status: kernel died
"""

# %%
def make(header, buffers):
    tree = "[" * 100_000 + "]" * 100_000
    write_raw(b'{"buffers": [], "ok": true, "id": %d, "value": %s}' % (header["id"], tree.encode()))


answer_with(make)
