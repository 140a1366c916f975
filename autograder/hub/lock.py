"""One hub for one folder: whoever runs it, or puts its folder back, holds a lock beside the folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from autograder.errors import HubError
from autograder.hub.hub import Hub


def take(hub: Hub) -> int:
    """The lock, as a descriptor that a program which this one becomes goes on holding, and its children do not.

    Raises:
        HubError: a hub runs.
    """
    folder = hub.places.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise HubError(
            "a hub runs in this folder already",
            where=str(folder),
            came=f"process {pid or 'unknown'}",
            mend="end it: `autograder hub stop`; or choose another storage.folder",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(descriptor, True)
    return descriptor


@contextmanager
def hold(hub: Hub) -> Iterator[None]:
    """The lock for as long as something is done. Raises as `take`."""
    descriptor = take(hub)
    try:
        yield
    finally:
        os.close(descriptor)


def holder(hub: Hub) -> int | None:
    """The process of the hub that runs; None where none does."""
    try:
        with hold(hub):
            return None
    except HubError:
        folder = hub.places.folder
        text = folder.with_name(f".{folder.name}.lock").read_text(encoding="ascii").strip()
        return int(text) if text.isdigit() else None
