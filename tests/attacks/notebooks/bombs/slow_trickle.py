"""Sends the answer byte by byte, one each second, so that it never comes and never stays away.

Tools: link
Slow: yes
Status: timed out, kernel died
"""

# %%
import time


def make(header, buffers):
    text = json.dumps({"buffers": [], "id": header["id"], "ok": True, "value": 66}).encode()
    for byte in struct.pack(">I", len(text)) + text:
        _sock.sendall(bytes([byte]))
        time.sleep(1)


answer_with(make)
