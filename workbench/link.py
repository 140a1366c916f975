"""Frames on a socket between a learner's process and the checker's.

A frame is 4 bytes of header length (big-endian), a JSON header, then the raw buffers whose sizes the header
lists under ``buffers``.
"""

import json
import select
import socket
import struct
import threading
import time
from typing import Any

from workbench.codec import MAX_BUFFERS_BYTES, Json
from workbench.errors import LinkError

MAX_HEADER_BYTES = 16 * 2**20
MAX_BUFFERS = 10_000
_MAX_DIGITS = 400  # of an integer or float in a header; longer numbers cross as tagged hexadecimal text


class LinkClosed(LinkError):
    """The other end closed the link: its process ended."""


class LinkTimeout(LinkError):
    """Nothing arrived in time."""


class Link:
    """One end of the link. Sending is safe from several threads; receiving belongs to one thread.

    Args:
        sock: a connected stream socket; the Link owns it.
        send_timeout_s: how long a send may wait for the other end to read; a hostile one never does. 0: for ever.
    """

    def __init__(self, sock: socket.socket, send_timeout_s: int = 0) -> None:
        self._sock = sock
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", send_timeout_s, 0))
        self._send_lock = threading.Lock()
        self._pending = bytearray()
        self.received_bytes = 0

    def send(self, header: dict[str, Json], buffers: list[bytes] | None = None) -> None:
        buffers = buffers or []
        text = json.dumps({**header, "buffers": [len(data) for data in buffers]}, separators=(",", ":")).encode()
        if len(text) > MAX_HEADER_BYTES:
            raise LinkError(
                "The value has too many parts to be handed over.",
                came=f"{len(text) / 2**20:.0f} MiB",
                expected=f"≤ {MAX_HEADER_BYTES // 2**20} MiB beside arrays",
                mend="return an array instead of long lists",
            )
        with self._send_lock:
            try:
                self._sock.sendall(b"".join((struct.pack(">I", len(text)), text, *buffers)))
            except OSError as error:
                raise LinkClosed("The other end of the link is gone.", came=str(error)) from error

    def receive(self, deadline_s: float | None = None) -> tuple[dict[str, Json], list[bytes]]:
        """The next frame.

        Args:
            deadline_s: an instant of `time.monotonic()`. A LinkTimeout keeps what has arrived for the next call.
        """
        (length,) = struct.unpack(">I", self._peek(4, deadline_s)[:4])
        if length > MAX_HEADER_BYTES:
            raise LinkError("A frame is too large.", came=f"{length} bytes of header", expected=f"≤ {MAX_HEADER_BYTES}")
        header = _parse(bytes(self._peek(4 + length, deadline_s)[4 : 4 + length]))
        sizes = header.get("buffers")
        if not isinstance(sizes, list) or len(sizes) > MAX_BUFFERS or not all(type(n) is int and n >= 0 for n in sizes):
            raise LinkError("A frame lists no valid buffer sizes.")
        if sum(sizes) > MAX_BUFFERS_BYTES:
            raise LinkError("A frame is too large.", came=f"{sum(sizes)} bytes", expected=f"≤ {MAX_BUFFERS_BYTES}")
        total = 4 + length + sum(sizes)
        frame = self._peek(total, deadline_s)
        buffers, start = [], 4 + length
        for size in sizes:
            buffers.append(bytes(frame[start : start + size]))
            start += size
        del self._pending[:total]
        return header, buffers

    def close(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def _peek(self, size: int, deadline_s: float | None) -> bytearray:
        """Reads until `size` bytes are pending; they stay pending, so that a timeout loses nothing."""
        while len(self._pending) < size:
            if deadline_s is not None:
                self._wait(deadline_s)
            try:
                data = self._sock.recv(min(max(size - len(self._pending), 65536), 2**20))
            except OSError as error:
                raise LinkClosed("The other end of the link is gone.", came=str(error)) from error
            if not data:
                raise LinkClosed("The other end closed the link: its process has ended.")
            self._pending += data
            self.received_bytes += len(data)
        return self._pending

    def _wait(self, deadline_s: float) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if not poll.poll(max(0.0, (deadline_s - time.monotonic()) * 1000)):
            raise LinkTimeout("Nothing arrived in time.")


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, parse_int=_number(int), parse_float=_number(float))
    except (ValueError, RecursionError) as error:
        raise LinkError("A frame's header is no JSON that is allowed here.", came=str(error)[:200]) from error
    if not isinstance(header, dict):
        raise LinkError("A frame's header is no JSON object.")
    return header


def _number(kind: type) -> Any:
    def read(text: str) -> Any:
        if len(text) > _MAX_DIGITS:
            raise ValueError(f"a number of {len(text)} digits")
        return kind(text)

    return read
