"""Sends integers of 5,000 and of a million digits, plain and in hexadecimal, as values and as ids.

Tools: link
Status: kernel died
"""

# %%
def make(header, buffers):
    write({"id": header["id"], "ok": True, "value": {"$": "int", "hex": "f" * 1_000_000}})
    digits = b"9" * 5000
    write_raw(b'{"buffers": [], "ok": true, "id": %s, "value": %s}' % (digits, digits))


answer_with(make)
