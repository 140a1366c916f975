"""Looks through a sandbox for what an author keeps to himself. Its text runs in the learner's process of a graded run.

`settings` are filled in below it. A canary of another kind than "control" (which a learner may read) ends the kernel:
the grader cannot overlook that. `answer` says what was found so far, and comes out as a learner's value or error.
"""

import gc
import os
import re
import sys
from typing import Any

TOPS = ("/work", "/tmp", "/dev/shm", "/opt", "/etc", "/run", "/var", "/home", "/root", "/srv", "/mnt", "/media")  # noqa: S108
MOST_FILES, MOST_BYTES, MOST_MEMORY_BYTES = 20_000, 4_000_000, 400_000_000
PIECE_BYTES, OVERLAP_BYTES = 16_777_216, 128

# The pattern of a canary, a piece of text that each holds, and paths of the host to try as well.
settings: dict[str, Any] = {"pattern": "", "piece": "", "places": []}
found: dict[str, str] = {}
searched = {"files": 0, "objects": 0, "bytes of memory": 0}


def spy() -> None:
    """One search; called at the start and after each part, when its hidden checks have run."""
    searched.update(dict.fromkeys(searched, 0))
    for top in (*TOPS, *settings["places"]):
        search_tree(top)
    search_processes()
    for key, value in os.environ.items():
        search(f"{key}={value}".encode(), "the environment")
    search_objects()
    search_memory()
    if set(found) - {"control"}:
        os._exit(1)


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    amounts = ", ".join(f"{amount} {what}" for what, amount in searched.items())
    return f"a spy found {found} in {amounts}"


def raising_function(name: str, answer: Any) -> Any:
    """In place of a function: an error reaches the learner from wherever a check or a rank calls it."""

    def raising(*args: Any, **kwargs: Any) -> Any:
        raise ValueError(answer(name, args, kwargs))

    return raising


def search(data: bytes, place: str) -> None:
    for match in re.findall(settings["pattern"].encode(), data):
        found.setdefault(match.decode().split("-")[2], place)


def search_tree(top: str) -> None:
    libraries = {sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)}
    if os.path.isfile(top):
        search_file(top)
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in libraries]
        search(folder.encode(errors="replace"), "the name of a folder")
        for name in names:
            if searched["files"] > MOST_FILES:
                return
            search_file(os.path.join(folder, name))


def search_file(path: str) -> None:
    searched["files"] += 1
    search(path.encode(errors="replace"), "the name of a file")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        search(os.read(fd, MOST_BYTES), path)
    except OSError:
        return
    finally:
        os.close(fd)


def search_processes() -> None:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ", "mountinfo", "maps"):
            search_file(f"/proc/{pid}/{name}")
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                search(target.encode(), "a descriptor")
                if target.startswith(("/memfd", "/work", "/tmp")):  # noqa: S108
                    search_file(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue


def search_objects() -> None:
    """Texts that objects of this process refer to, modules included."""
    for thing in gc.get_objects():
        for value in gc.get_referents(thing):
            if isinstance(value, str) and len(value) < MOST_BYTES:
                searched["objects"] += 1
                if settings["piece"] in value:
                    search(value.encode(errors="replace"), "an object")


def search_memory() -> None:
    """What this process can write to, small regions first: also what has come over the link and was let go."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            lines = [line.split() for line in maps.read().splitlines()]
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            regions = [[int(number, 16) for number in line[0].split("-")] for line in lines if line[1].startswith("rw")]
            for start, end in sorted(regions, key=lambda region: region[1] - region[0]):
                search_region(memory, start, end)
    except OSError:
        return


def search_region(memory: Any, start: int, end: int) -> None:
    """In pieces that overlap by more than a canary's length, so that none is cut in two."""
    while start < end and searched["bytes of memory"] < MOST_MEMORY_BYTES:
        try:
            memory.seek(start)
            data = memory.read(min(PIECE_BYTES, end - start))
        except (OSError, ValueError, OverflowError):
            return
        searched["bytes of memory"] += len(data)
        search(data, "memory")
        if len(data) < PIECE_BYTES:
            return
        start += PIECE_BYTES - OVERLAP_BYTES
