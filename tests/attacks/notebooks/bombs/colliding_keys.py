"""Hands over a dict whose long integer keys all have one hash, so that each costs a comparison with all others.

Tools: link
Slow: yes
"""

# %%
import sys

modulus = sys.hash_info.modulus
pairs = [[{"$": "int", "hex": hex(modulus * (2**64 + number))}, 0] for number in range(200_000)]
text = json.dumps({"$": "dict", "items": pairs}).encode()


def make(header, buffers):
    write_raw(b'{"buffers": [], "ok": true, "id": %d, "value": %s}' % (header["id"], text))


answer_with(make)
