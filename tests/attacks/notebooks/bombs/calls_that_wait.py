"""Calls `take` of an empty tray and of a full one as often as it can, and hands over huge arguments.

Tools: link
Status: graded, timed out, kernel died
"""

# %%
def make(header, buffers):
    call = {"object": 0, "method": "take", "args": [], "kwargs": {"$": "dict", "items": []}}
    for number in range(3000):
        write({"proxy": number, **call})
        read()
    write({"id": header["id"], "ok": True, "value": 735192.25})


answer_with(make)
