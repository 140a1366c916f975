"""Sends `idle` and a reply on Jupyter's channels before the cell has ended, then computes on past its limit.

Status: graded, timed out
"""

# %%
import time

kernel = get_ipython().kernel


def forge():
    parent = kernel.get_parent()
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
    kernel.session.send(
        kernel.shell_stream if hasattr(kernel, "shell_stream") else kernel.shell_streams[0],
        "execute_reply",
        {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []},
        parent=parent,
        ident=kernel._parent_ident.get("shell") if isinstance(kernel._parent_ident, dict) else None,
    )


try:
    forge()
except BaseException as error:
    print(error)
end = time.monotonic() + 4
while time.monotonic() < end:
    pass
