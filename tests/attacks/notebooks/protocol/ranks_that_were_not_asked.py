"""Reports ends of ranks, deadlocks and errors of ranks that no check has started.

Tools: link
Earns: pairs 2
"""

# %%
def make(header, buffers):
    for rank in (0, -1, 10**9, None, [0]):
        write({"rank_done": header["id"], "rank": rank, "error": None})
        write({"rank_done": header["id"], "rank": rank, "error": {"type": "ValueError"}})
    write({"id": header["id"], "ok": True, "value": 66})


answer_with(make)
