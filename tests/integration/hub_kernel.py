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


def run_code(person: "Person", code: str, folder: str = "") -> str:
    """What the cell prints, its value and its error, as text; in a kernel of its own."""
    made = person.send("POST", f"/user/{person.name}/api/kernels", json={"name": "python3", "path": folder})
    assert made.status_code == 201, made.text
    kernel = made.json()["id"]
    try:
        return run_in(person, kernel, code)
    finally:
        person.send("DELETE", f"/user/{person.name}/api/kernels/{kernel}")


def run_in(person: "Person", kernel: str, code: str) -> str:
    """As `run_code`, in a kernel that is there."""
    return asyncio.run(asyncio.wait_for(_run(person, kernel, code, wait=True), CELL_TIMEOUT_S))


def start_code(person: "Person", kernel: str, code: str) -> None:
    """Hands a cell to a kernel, and does not wait for its end."""
    asyncio.run(asyncio.wait_for(_run(person, kernel, code, wait=False), CELL_TIMEOUT_S))


async def _run(person: "Person", kernel: str, code: str, *, wait: bool) -> str:
    path = f"/user/{person.name}/api/kernels/{kernel}/channels"
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
    while wait or not said:
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
        elif kind == "status" and (body["execution_state"] == "idle" or not wait):
            break
    socket.close()
    while await socket.read_message() is not None:
        pass
    return "".join(said)
