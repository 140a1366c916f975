"""Hands over a table of ten thousand empty columns and an index of a million rows, which would fill 80 GB.

Tools: link
"""

# %%
def make(header, buffers):
    index = {"$": "array", "dtype": "float64", "shape": [10**6], "buffer": 0}
    column = {"$": "series", "name": None, "data": [], "index": []}
    tree = {"$": "frame", "columns": list(range(10_000)), "data": [column] * 10_000, "index": index}
    write({"id": header["id"], "ok": True, "value": tree}, [bytes(8 * 10**6)])


answer_with(make)
