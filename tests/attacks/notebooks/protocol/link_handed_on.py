"""Gives the link to a process that is detached from the kernel and answers for it, then ends the kernel.

Tools: link
Status: kernel died
"""

# %%
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        try:
            while True:
                header, _ = read()
                write({"id": header.get("id"), "ok": True, "value": 66})
        finally:
            os._exit(0)
    os._exit(0)
os._exit(0)
