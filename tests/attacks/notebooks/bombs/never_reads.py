"""Never reads what the referee sends, calls a served object a hundred thousand times and reads no answer.

Tools: link
Slow: yes
Status: timed out, kernel died, graded
"""

# %%
def serve_part():
    header, _ = read()
    call = {"proxy": 1, "object": 0, "method": "left", "args": [], "kwargs": {"$": "dict", "items": []}}
    while header.get("op") != "done":
        if header["name" if "name" in header else "op"] != "weigh":
            write({"id": header["id"], "ok": True, "value": 1})
            header, _ = read()
            continue
        for _ in range(100_000):
            write(call)


workbench.graded.serve_part = serve_part
