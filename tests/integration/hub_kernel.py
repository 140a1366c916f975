"""Runs a cell in a real kernel of somebody's server, over the same websocket as JupyterLab."""

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

if TYPE_CHECKING:
    from tests.integration.hub_here import Person

CELL_TIMEOUT_S = 120


def run_code(person: "Person", code: str, kernel_dir: str = "") -> str:
    """What the cell prints, its value and its error, as text."""
    prefix = f"/user/{person.name}"
    made = person.send("POST", f"{prefix}/api/kernels", json={"name": "python3", "path": kernel_dir})
    assert made.status_code == 201, made.text
    kernel = made.json()["id"]
    try:
        path = f"{prefix}/api/kernels/{kernel}/channels"
        return asyncio.run(asyncio.wait_for(_run(person, path, code), CELL_TIMEOUT_S))
    finally:
        person.send("DELETE", f"{prefix}/api/kernels/{kernel}")


async def _run(person: "Person", path: str, code: str) -> str:
    cookies = "; ".join(f"{c.name}={c.value}" for c in person.session.cookies if path.startswith(c.path))
    url = person.hub.base_url.replace("http", "ws", 1) + f"{path}?_xsrf={person.xsrf(path)}"
    headers = {"Cookie": cookies, "Origin": person.hub.base_url}
    socket = await websocket_connect(HTTPRequest(url, headers=headers))
    session = uuid.uuid4().hex
    header = {"msg_id": uuid.uuid4().hex, "username": "", "session": session}
    header |= {"msg_type": "execute_request", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    request: dict[str, Any] = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await socket.write_message(json.dumps({**request, "channel": "shell", "buffers": []}))
    said: list[str] = []
    while True:
        text = await socket.read_message()
        assert text is not None, "the kernel's connection was closed"
        message = json.loads(text)
        if message.get("parent_header", {}).get("msg_id") != header["msg_id"]:
            continue
        kind, body = message["msg_type"], message["content"]
        if kind == "stream":
            said.append(body["text"])
        elif kind == "execute_result":
            said.append(body["data"].get("text/plain", ""))
        elif kind == "error":
            said.append(f"{body['ename']}: {body['evalue']}")
        elif kind == "status" and body["execution_state"] == "idle":
            socket.close()
            return "".join(said)
