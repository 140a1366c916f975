# ruff: noqa: S108 - the folders are the sandbox's own
"""The probe's side inside: tries what must not work, says on standard output what happened, then waits to be looked at
from outside.

As a program it reads one line of JSON from standard input (what to try) and writes one line (name → what came); a fork
of the warm process does the same on the socket that a kernel would have as its link. Judges nothing: that is done
outside.
"""

import ctypes
import errno
import importlib.metadata
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_CALL = {"x86_64": 56, "aarch64": 220}
MIB = 1024 * 1024


def main() -> None:
    """Answers one request."""
    print(_answer(sys.stdin.readline()), flush=True)
    sys.stdin.read()


def answer_on(link_fd: int) -> None:
    """Answers one request on a socket."""
    with os.fdopen(link_fd, "r", encoding="utf-8") as asking, os.fdopen(os.dup(link_fd), "w") as answering:
        line = asking.readline()
        print(_answer(line, own=(asking.fileno(), answering.fileno())), file=answering, flush=True)
        asking.read()


def _answer(line: str, own: tuple[int, ...] = ()) -> str:
    request = {**json.loads(line), "own": own}
    return json.dumps({name: _attempt(partial(do, request)) for name, do in ATTEMPTS.items()})


def pids(_: Any) -> list[int]:
    """Processes in the own /proc."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def writable_settings(_: Any) -> list[str]:
    """Files of /proc/sys that could be written."""
    return [
        os.path.join(folder, name)
        for folder, _folders, names in os.walk("/proc/sys")
        for name in names
        if os.access(os.path.join(folder, name), os.W_OK)
    ][:5]


def versions(request: Any) -> dict[str, str]:
    """Versions of the interpreter and of the libraries asked for."""
    return {"python": platform.python_version(), **{name: _version(name) for name in request["libraries"]}}


def interfaces(_: Any) -> list[str]:
    """Names of the network interfaces."""
    return [name for _number, name in socket.if_nameindex()]


def loopback(_: Any) -> str:
    """Whether a connection to oneself works."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()[:2], timeout=2),
    ):
        return "works"


def user_namespace(_: Any) -> str:
    """Makes a further user namespace by clone(2), which no filter of calls can forbid."""
    call = CLONE_CALL[platform.machine()]
    pid = ctypes.CDLL(None, use_errno=True).syscall(call, CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid < 0:
        return errno.errorcode[ctypes.get_errno()]
    os.waitpid(pid, 0)
    return "made"


def hidden_memory(_: Any) -> str:
    """Makes a file in memory that belongs to no process."""
    os.close(os.memfd_create("probe"))
    return "made"


def status(_: Any) -> dict[str, str]:
    """Capabilities, no_new_privs and filter of this process."""
    wanted = ("Cap", "NoNewPrivs", "Seccomp:")
    with open("/proc/self/status", encoding="ascii") as stream:
        return {line.split(":")[0]: line.split()[-1] for line in stream if line.startswith(wanted)}


def address_space(request: Any) -> str:
    """Reserves more than is allowed."""
    mmap.mmap(-1, request["too_many_bytes"]).close()
    return "reserved"


def processes(request: Any) -> int | str:
    """Forks until it is refused: how many, or "not refused"."""
    children: list[int] = []
    try:
        for _ in range(request["processes"] + 4):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
        return "not refused"
    except BlockingIOError:
        return len(children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def scratch(request: Any) -> dict[str, Any]:
    """Fills each writable folder: "full", or "not refused"."""
    return {folder: _attempt(partial(_fill, folder, request["disk_mib"])) for folder in ("/work", "/tmp", "/dev/shm")}


def other_writable(_: Any) -> list[str]:
    """Folders in which a file can be made, besides scratch."""
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        mounts = [line.split()[4] for line in stream]
    places = {"/", "/etc", "/opt", "/opt/kit", "/usr", "/dev", "/var", *filter(os.path.isdir, mounts)}
    return [
        place for place in sorted(places - {"/work", "/tmp", "/dev/shm"}) if _attempt(partial(_touch, place)) == "made"
    ]


def file_size(request: Any) -> str:
    """Makes one file larger than allowed, without writing it."""
    with open("/tmp/probe-large", "wb") as stream:
        try:
            os.ftruncate(stream.fileno(), int(request["disk_mib"] * MIB) + 1)
        finally:
            os.unlink(stream.name)
    return "made"


def open_files(request: Any) -> int | str:
    """Opens files until it is refused: how many, or "not refused"."""
    opened: list[int] = []
    try:
        for _ in range(request["open_files"] + 4):
            opened.append(os.open("/dev/null", os.O_RDONLY))
        return "not refused"
    except OSError:
        return len(opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def limits(_: Any) -> dict[str, int]:
    """Limits that would take too long to reach."""
    return {name: resource.getrlimit(getattr(resource, name))[1] for name in ("RLIMIT_CPU", "RLIMIT_CORE")}


def environment(_: Any) -> list[str]:
    """Names of the environment, here and of the first process where that may be read."""
    try:
        with open("/proc/1/environ", "rb") as stream:
            first = [item.split(b"=")[0].decode() for item in stream.read().split(b"\0") if item]
    except PermissionError:
        first = []
    return sorted({*os.environ, *(f"of pid 1: {name}" for name in first)})


def visible(request: Any) -> dict[str, Any]:
    """For each path of the host that must not be seen: what is there."""
    return {path: _attempt(partial(_look, path)) for path in request["hidden"]}


def descriptors(request: Any) -> list[int]:
    """Open descriptors above the standard three, and besides those of the answer."""
    found = [int(name) for name in os.listdir("/proc/self/fd")]
    known = {0, 1, 2, *request["own"]}
    return [number for number in found if number not in known and os.path.exists(f"/proc/self/fd/{number}")]


ATTEMPTS: dict[str, Callable[[Any], Any]] = {
    attempt.__name__: attempt
    for attempt in (
        descriptors,
        pids,
        writable_settings,
        versions,
        interfaces,
        loopback,
        user_namespace,
        hidden_memory,
        status,
        address_space,
        processes,
        scratch,
        other_writable,
        file_size,
        open_files,
        limits,
        environment,
        visible,
    )
}


def _attempt(do: Callable[[], Any]) -> Any:
    """What came, or the name of the error."""
    try:
        return do()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except MemoryError:
        return "MemoryError"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _fill(folder: str, disk_mib: float) -> str:
    paths = []
    piece = bytes(int(disk_mib * MIB) // 4)
    try:
        for number in range(6):
            paths.append(f"{folder}/probe-{number}")
            with open(paths[-1], "wb", buffering=0) as stream:
                count = 0
                while count < len(piece):
                    count += stream.write(piece[count:])
        return "not refused"
    except OSError as error:
        return "full" if error.errno == errno.ENOSPC else str(error)
    finally:
        for path in paths:
            os.unlink(path)


def _look(path: str) -> list[str] | str:
    if os.path.isdir(path):
        return sorted(os.listdir(path))
    with open(path, encoding="utf-8") as stream:
        return stream.read(40)


def _touch(folder: str) -> str:
    path = os.path.join(folder, "probe")
    with open(path, "xb"):
        os.unlink(path)
    return "made"


if __name__ == "__main__":
    main()
