"""Hands over ten thousand copies of one buffer of 100 MB, as bytes and as numbers that are widened.

Tools: link
"""

# %%
piece = bytes(100_000_000)


def make(header, buffers):
    copy = {"$": "bytes", "buffer": 0}
    wide = {"$": "bits", "dtype": "float8_e4m3fn", "shape": [len(piece)], "buffer": 0}
    write({"id": header["id"], "ok": True, "value": [wide, *[copy] * 10_000]}, [piece])


answer_with(make)
