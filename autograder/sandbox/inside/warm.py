"""The warm process: imports the heavy libraries once, and forks a kernel in namespaces of its own whenever asked.

No learner's code ever runs in it. A fork gets what a cold sandbox gets: own user, pid, mount, network, IPC and host
name namespaces, scratch folders with a size, limits, no further namespaces, no capabilities, the filter of system
calls, and a first process above it that buries the dead.
"""

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

CLONE_ALL = 0x00020000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000  # ns, user, pid, net, ipc, uts
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_RDONLY, MS_REMOUNT = 2, 4, 8, 4096, 16384, 1, 32
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_DUMPABLE = 38, 22, 24, 4
SECCOMP_MODE_FILTER = 2
SCRATCH = ("/work", "/tmp", "/dev/shm")  # noqa: S108 - the sandbox's own
SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41
LONGEST_REQUEST_BYTES, MOST_FDS = 65536, 12
# What a kernel imports when it serves its first part.
SERVING = ("workbench.graded", "workbench.notebook")
# What a library imports only when it is first used; 10 ms of each fork.
WITH_LIBRARY = {"numpy": ("numpy.ma", "numpy.random")}

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Serves on the descriptor that is the first argument, until its other end is closed."""
    asking = socket.socket(fileno=int(sys.argv[1]))
    setup = json.loads(asking.recv(LONGEST_REQUEST_BYTES))
    failed = _import(setup["libraries"])
    threads = len(os.listdir("/proc/self/task"))
    asking.send(json.dumps({"failed": failed, "threads": threads}).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, fds, _, _ = socket.recv_fds(asking, LONGEST_REQUEST_BYTES, MOST_FDS)
        if not text:
            return
        if os.fork() == 0:
            asking.close()
            _become_kernel({**json.loads(text), "below": setup["below"]}, fds)
        for fd in fds:
            os.close(fd)


def _import(libraries: list[str]) -> list[str]:
    """Imports the kernel's modules and the libraries; names those that could not be. Nothing is computed: a parallel
    region before a fork would hang the child."""
    kernel = importlib.import_module("inside.kernel")
    failed = []
    for name in ("inside.start", *kernel.IMPORTED_AT_START, *SERVING, *libraries):
        try:
            importlib.import_module(name)
        except ImportError:
            failed.append(name)
    for library, more in WITH_LIBRARY.items():
        if library in sys.modules:
            for name in more:
                importlib.import_module(name)
    kernel.build_ahead()
    # A fork that looks through all these objects for garbage (0.1 s with torch) finds none, and copies their pages.
    gc.collect()
    gc.freeze()
    return failed


def _become_kernel(request: dict[str, Any], fds: list[int]) -> NoReturn:
    """Descriptors: the answer's socket, the configuration, then those that the kernel keeps."""
    answer = socket.socket(fileno=fds[0])
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _own_namespaces()
        first = os.fork()
        if first:
            os._exit(0)
        # The other end learns our number on its side of the namespaces from the kernel, which vouches for it.
        answer.send(b"started")
        if not answer.recv(16):  # what it starts from now on belongs to its group
            os._exit(1)
        _own_mounts(request["scratch_bytes"], request["below"], frozenset(request["relaxed"]))
        _raise_loopback()
        child = os.fork()
        if child == 0:
            _run_kernel(request, fds[1], fds[2:])
        for fd in fds[1:]:
            os.close(fd)
        _bury_until(child, answer)
    except BaseException as error:  # noqa: BLE001 - a fork must not go on as its parent
        try:
            answer.send(f"error {type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(1)


def _own_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", _libc.unshare(CLONE_ALL))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
            stream.write(text)


def _own_mounts(scratch_bytes: int, below: list[str], relaxed: frozenset[str]) -> None:
    """Fresh scratch folders, with what is shown read-only below them in its place again, and a /proc of our own."""
    kept = [(path, os.open(path, os.O_PATH)) for path in below]
    for path in SCRATCH:
        options = ("mode=0755" if "scratch_size" in relaxed else f"mode=0755,size={scratch_bytes}").encode()
        _mount(b"tmpfs", path, b"tmpfs", MS_NOSUID | MS_NODEV, options)
    for path, fd in kept:
        os.makedirs(path, exist_ok=True)
        _mount(f"/proc/self/fd/{fd}".encode(), path, None, MS_BIND | MS_REC, None)
        os.close(fd)
    _mount(b"proc", "/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    if "user_namespaces" not in relaxed:
        with open("/proc/sys/user/max_user_namespaces", "w", encoding="ascii") as stream:
            stream.write("0")
    if "settings" not in relaxed:
        _mount(b"/proc/sys", "/proc/sys", None, MS_BIND | MS_REC, None)
        _mount(None, "/proc/sys", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def _raise_loopback() -> None:
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_RUNNING))


def _run_kernel(request: dict[str, Any], config_fd: int, kept: list[int]) -> NoReturn:
    """From here on nothing can be regained: limits, then privileges, then the learner's kernel (or the probe)."""
    kernel, start = importlib.import_module("inside.kernel"), importlib.import_module("inside.start")
    probe = importlib.import_module("inside.probe")

    try:
        os.chdir("/work")
        os.environ.clear()
        os.environ.update(request["env"])
        config = start.read_config(config_fd)
        start.close_all_but({0, 1, 2, *kept})
        start.set_limits(config["rlimits"])
        _give_up_privileges(bytes.fromhex(request["filter"]))
        # The numbers that the trusted side knows them by, and ours.
        ours = dict(zip(config["keep"], kept, strict=True))
        settings = config["kernel"]
        if settings is None:
            probe.answer_on(kept[0])
            os._exit(0)
        settings["descriptors"] = {port: ours[fd] for port, fd in settings["descriptors"].items()}
        settings["link_fd"] = ours.get(settings["link_fd"])
        kernel.run(settings)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nor as the first process
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _give_up_privileges(program: bytes) -> None:
    _call("no_new_privs", _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", _libc.capset(header, (ctypes.c_uint32 * 6)()))
    if program:

        class Program(ctypes.Structure):
            _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

        filled = Program(len(program) // 8, program)
        _call("seccomp", _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filled), 0, 0))


def _bury_until(child: int, answer: socket.socket) -> NoReturn:
    """The first process of the namespace: waits for orphans. When the kernel ends, or the other side of `answer` does,
    so does everything."""
    watched = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([watched, answer.fileno()], [], [], 1.0)
        if answer.fileno() in ready:
            os._exit(1)
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
            if pid == 0:
                break


def _mount(source: bytes | None, target: str, kind: bytes | None, flags: int, options: bytes | None) -> None:
    _call(f"mount {target}", _libc.mount(source, target.encode(), kind, flags, options))


def _call(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
