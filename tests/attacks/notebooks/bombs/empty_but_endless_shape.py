"""Hands over an array without numbers, whose other sides are so long that each operation on it would need terabytes.

Tools: link
"""

# %%
def make(header, buffers):
    tree = {"$": "array", "dtype": "float64", "shape": [0, 2**39], "buffer": 0}
    write({"id": header["id"], "ok": True, "value": tree}, [b""])


answer_with(make)
