"""Sends Jupyter messages with a wrong signature, no dict as content, no JSON, a huge header, deep nesting.

Earns: pairs 2
"""

# %%
import json

import zmq

kernel = get_ipython().kernel
session = kernel.session


def send(content, header=None, sign=True):
    parent = kernel.get_parent()["header"]
    head = json.dumps(header if header is not None else session.msg_header("stream")).encode()
    pieces = [head, json.dumps(parent).encode(), b"{}", content]
    signature = session.sign(pieces) if sign else b"0" * 64
    kernel.iopub_socket.send_multipart([b"stream", b"<IDS|MSG>", signature, *pieces])


for content in (b"7", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 5000 + b"]" * 5000, b'{"text": 7, "name": []}'):
    send(content)
    send(content, sign=False)
send(b"{}", header=[1, 2, 3])
send(b"{}", header={"msg_type": "status", "msg_id": "x" * 1_000_000})
send(b"{}", header={"msg_type": {"a": 1}, "msg_id": 7, "date": "no date"})
send(b'{"execution_state": ["idle"]}', header={"msg_type": "status", "msg_id": "1"})
kernel.iopub_socket.send_multipart([b"stream"])
kernel.iopub_socket.send_multipart([b"stream", b"<IDS|MSG>"])
kernel.iopub_socket.send_multipart([b""] * 50)

# %% solution="pairs"
n_pairs = 66
