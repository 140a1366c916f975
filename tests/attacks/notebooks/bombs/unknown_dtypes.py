"""Hands over arrays of dtypes that run code, hold objects, do not exist or are no text.

Tools: link
"""

# %%
dtypes = iter(["object", "O", "V8", "nan", "datetime64[ns]", "U1000000", "float64,(1000000)f8", ["f8"], {"a": 1}, None] * 3)


def make(header, buffers):
    tree = {"$": "array", "dtype": next(dtypes), "shape": [1], "buffer": 0}
    write({"id": header["id"], "ok": True, "value": tree}, [bytes(8)])


answer_with(make)
