"""Sends an error whose type, message and bases are lists, nested as deep as the parser lets them be.

Tools: link
"""

# %%
depth = [900]


def make(header, buffers):
    deep = "[" * depth[0] + "]" * depth[0]
    depth[0] += 12
    error = '{"type": %s, "text": %s, "where": %s, "bases": [%s]}' % (deep, deep, deep, deep)
    write_raw(b'{"buffers": [], "ok": false, "id": %d, "error": %s}' % (header["id"], error.encode()))


answer_with(make)
