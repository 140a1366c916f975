"""Hands over an array that claims 10^24 numbers and holds eight bytes.

Tools: link
"""

# %%
def make(header, buffers):
    tree = {"$": "array", "dtype": "float64", "shape": [10**12 // 2, 10**12 // 2], "buffer": 0}
    write({"id": header["id"], "ok": True, "value": tree}, [bytes(8)])


answer_with(make)
