"""Frames on a socket between a learner's process and the checker's.

A frame is 4 bytes of header length (big-endian), a JSON header, then the raw buffers whose sizes the header
lists under ``buffers``.
"""

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

from workbench.codec import MAX_BUFFERS_BYTES, Json
from workbench.errors import LinkError

MAX_HEADER_BYTES = 16 * 2**20
MAX_BUFFERS = 10_000
MAX_BRACKETS = 2_000_000  # each may become a list or a dict, of which many take seconds to make
_JOIN_BYTES = 2**20  # a smaller frame is sent in one piece
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
        # What has arrived of the next frame: bytes before its buffers, then the header, then its buffers as they fill.
        self._pending = bytearray()
        self._header: dict[str, Json] | None = None
        self._buffers: list[bytearray] = []
        self._filled, self._filled_bytes = 0, 0
        self.received_bytes = 0

    def send(self, header: dict[str, Json], buffers: Sequence[bytes] = ()) -> None:
        """Sends one frame.

        Raises:
            LinkClosed: the other end is gone, or does not read.
            LinkError: the frame would be too large; nothing was sent.
        """
        text = json.dumps({**header, "buffers": [len(data) for data in buffers]}, separators=(",", ":")).encode()
        if len(text) > MAX_HEADER_BYTES or len(buffers) > MAX_BUFFERS:
            raise LinkError(
                "The value has too many parts to be handed over.",
                came=f"{len(text) / 2**20:.1f} MiB beside {len(buffers):,} arrays",
                expected=f"≤ {MAX_HEADER_BYTES // 2**20} MiB beside at most {MAX_BUFFERS:,} arrays",
                mend="return one array instead of long lists",
            )
        frame = [struct.pack(">I", len(text)) + text, *buffers]
        if sum(map(len, frame)) < _JOIN_BYTES:
            frame = [b"".join(frame)]
        with self._send_lock:
            try:
                for data in frame:
                    self._sock.sendall(data)
            except OSError as error:
                raise LinkClosed("The other end of the link is gone.", came=str(error)) from error

    def receive(self, deadline_s: float | None = None) -> tuple[dict[str, Json], list[bytearray]]:
        """The next frame.

        Args:
            deadline_s: an instant of `time.monotonic()`. A LinkTimeout keeps what has arrived for the next call.

        Raises:
            LinkTimeout, LinkClosed, LinkError: the bytes are no frame that is allowed; the link is of no more use.
        """
        if self._header is None:
            self._header = self._read_header(deadline_s)
        while self._filled < len(self._buffers):
            self._fill(self._buffers[self._filled], deadline_s)
            self._filled, self._filled_bytes = self._filled + 1, 0
        header, buffers = self._header, self._buffers
        self._header, self._buffers, self._filled = None, [], 0
        return header, buffers

    def _read_header(self, deadline_s: float | None) -> dict[str, Json]:
        (length,) = struct.unpack(">I", self._peek(4, deadline_s)[:4])
        if length > MAX_HEADER_BYTES:
            raise LinkError("A frame is too large.", came=f"{length} bytes of header", expected=f"≤ {MAX_HEADER_BYTES}")
        header = _parse(bytes(self._peek(4 + length, deadline_s)[4 : 4 + length]))
        sizes = header.get("buffers")
        if not isinstance(sizes, list) or len(sizes) > MAX_BUFFERS or not all(type(n) is int and n >= 0 for n in sizes):
            raise LinkError("A frame lists no valid buffer sizes.")
        if sum(sizes) > MAX_BUFFERS_BYTES:
            raise LinkError("A frame is too large.", came=f"{sum(sizes)} bytes", expected=f"≤ {MAX_BUFFERS_BYTES}")
        del self._pending[: 4 + length]
        self._buffers = [bytearray(size) for size in sizes]
        return header

    def _fill(self, buffer: bytearray, deadline_s: float | None) -> None:
        """Fills a buffer, first with what is pending; a timeout keeps how far it came."""
        if self._pending and self._filled_bytes < len(buffer):
            data = self._pending[: len(buffer) - self._filled_bytes]
            buffer[self._filled_bytes : self._filled_bytes + len(data)] = data
            self._filled_bytes += len(data)
            del self._pending[: len(data)]
        with memoryview(buffer) as view:
            while self._filled_bytes < len(buffer):
                self._wait(deadline_s)
                try:
                    count = self._sock.recv_into(view[self._filled_bytes :])
                except OSError as error:
                    raise LinkClosed("The other end of the link is gone.", came=str(error)) from error
                self._count(count)
                self._filled_bytes += count

    def shut_down(self) -> None:
        """Ends the talk in both directions: a receive that waits, here or at the other end, ends with LinkClosed."""
        with contextlib.suppress(OSError):  # the other end may have gone first
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def _peek(self, size: int, deadline_s: float | None) -> bytearray:
        """Reads until `size` bytes are pending; they stay pending, so that a timeout loses nothing."""
        while len(self._pending) < size:
            self._wait(deadline_s)
            try:
                data = self._sock.recv(min(max(size - len(self._pending), 65536), 2**20))
            except OSError as error:
                raise LinkClosed("The other end of the link is gone.", came=str(error)) from error
            self._count(len(data))
            self._pending += data
        return self._pending

    def _count(self, size: int) -> None:
        if size == 0:
            raise LinkClosed("The other end closed the link: its process has ended.")
        self.received_bytes += size

    def _wait(self, deadline_s: float | None) -> None:
        if deadline_s is None:
            return
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if not poll.poll(max(0.0, (deadline_s - time.monotonic()) * 1000)):
            raise LinkTimeout("Nothing arrived in time.")


def _parse(text: bytes) -> dict[str, Any]:
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
        raise LinkError("A frame's header has too many parts.", expected=f"≤ {MAX_BRACKETS:,} lists and objects")
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
