"""Calls private methods and attributes of served objects through the link, to read the weights and set the count.

Tools: link
Status: kernel died
"""

# %%
def make(header, buffers):
    for method in ("_weights", "__init__", "__class__", "__setattr__", "exposed_names", "taken", ["take"], None):
        write({"proxy": 1, "object": 0, "method": method, "args": [["735192.25"]], "kwargs": {"$": "dict", "items": []}})
    write({"proxy": 2, "object": -1, "method": "take", "args": [], "kwargs": {"$": "dict", "items": []}})
    write({"id": header["id"], "ok": True, "value": 2.5})


answer_with(make)
