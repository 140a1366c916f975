"""Hands over lists, tuples and object arrays as deep as the format allows, which overflow whoever prints them.

Tools: link
"""

# %%
def make(header, buffers):
    tree = 1
    for _ in range(150):
        tree = {"$": "items", "shape": [1], "items": [tree]}
    write({"id": header["id"], "ok": True, "value": tree})


answer_with(make)
