"""Sends answers with the ids of the next thousand requests before they are asked, then serves as usual.

Tools: link
"""

# %%
for number in range(1, 1001):
    write({"id": number, "ok": True, "value": 66})
