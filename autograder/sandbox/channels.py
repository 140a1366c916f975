"""The five channels of a Jupyter kernel as Unix sockets of the trusted side, and a client that cannot be flooded.

The sockets are bound and listened on here, in a folder that only we can enter, and go into the sandbox as descriptors:
no folder is shared with the learner, and the client finds the sockets there before the kernel has even started, so
that it never waits to retry.
"""

import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import channel_socket_types

from autograder.sandbox.limits import MIB

PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
_LONGEST_PATH = 100  # a Unix socket's path has 108 bytes
_QUEUE = 32  # messages that wait at the client; with their size limit, what one learner can make us hold


class Channels:
    """Five listening sockets in a private folder.

    Attributes:
        info: connection info as jupyter_client wants it.
        descriptors: to be passed to the sandbox.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kernel-"))
        if len(bytes(self.folder)) > _LONGEST_PATH - 2:
            self.folder.rmdir()
            self.folder = Path(tempfile.mkdtemp(prefix="kernel-", dir="/tmp"))
        self._key = secrets.token_hex(16)
        self._sockets: dict[int, socket.socket] = {}
        for port in PORTS.values():
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(f"{self.folder}/c-{port}")
            listening.listen(16)
            self._sockets[port] = listening
        self.info: Any = {
            "transport": "ipc",
            "ip": f"{self.folder}/c",
            "key": self._key.encode(),
            "signature_scheme": "hmac-sha256",
            **PORTS,
        }

    @property
    def descriptors(self) -> list[int]:
        return [listening.fileno() for listening in self._sockets.values()]

    def inside(self) -> dict[str, Any]:
        """What `inside/kernel.py` has to know."""
        numbers = {port: listening.fileno() for port, listening in self._sockets.items()}
        return {"key": self._key, "descriptors": numbers, "ports": PORTS}

    def release(self) -> None:
        """Closes our copies of the listening sockets, once the sandbox has its own: a dead kernel then refuses
        connections."""
        for listening in self._sockets.values():
            listening.close()

    def close(self) -> None:
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)


class BoundedClient(AsyncKernelClient):
    """A client that a learner's process cannot fill: a message above the limit closes the connection it came on.

    `max_message_bytes` and `alive` are set by whoever makes it.
    """

    max_message_bytes: int = 16 * MIB
    alive: Callable[[], bool] | None = None
    _iopub_events: Any = None

    async def renew_iopub(self) -> bool:
        """Whether the connection for outputs was closed, as a message above the limit does; then makes a new one."""
        if self._iopub_events is None or not await self._iopub_events.poll(0):
            return False
        self.iopub_channel.stop()
        self._iopub_channel = None
        self.iopub_channel.start()
        return True

    async def _async_is_alive(self) -> bool:
        """Whether the sandbox runs; known at once, without waiting for heartbeats."""
        return self.alive is None or self.alive()

    is_alive = _async_is_alive

    def _create_connected_socket(self, channel: str, identity: bytes | None = None) -> Any:
        new = self.context.socket(channel_socket_types[channel])
        new.linger = 1000
        new.setsockopt(zmq.MAXMSGSIZE, self.max_message_bytes)
        new.setsockopt(zmq.RCVHWM, _QUEUE)
        new.setsockopt(zmq.RECONNECT_IVL, 20)
        if identity:
            new.identity = identity
        if channel == "iopub":
            self._iopub_events = new.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        new.connect(self._make_url(channel))
        return new


__all__ = ["PORTS", "BoundedClient", "Channels"]
