"""Containers as a client makes them, for the tests of the exchange."""

import hashlib
from pathlib import Path

from autograder.exchange.blobs import Blobs, Incoming
from autograder.exchange.container import Bounds, Manifest, entries

BOUNDS = Bounds(size_mib=1, files=5, what="the submission", reserved=("timestamp.txt",))


def manifest(**files: bytes) -> Manifest:
    """Of files by name; `_` stands for `.`."""
    listed = ((name.replace("_", "."), len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return entries(listed)


def container(**files: bytes) -> bytes:
    return manifest(**files).head() + b"".join(files.values())


def take_in(storage: Path, body: bytes, chunk_bytes: int = 7, bounds: Bounds = BOUNDS) -> Manifest:
    """What the service does with a body."""
    incoming = Incoming(Blobs(storage), bounds)
    try:
        for at in range(0, len(body), chunk_bytes):
            incoming.feed(body[at : at + chunk_bytes])
        return incoming.finish()
    finally:
        incoming.give_up()
