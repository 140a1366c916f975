"""Kernels forked from a warm process, which has imported the heavy libraries once, in a sandbox of its own."""

import json
import os
import select
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from autograder.errors import SandboxError
from autograder.sandbox.cgroup import MemoryGroup
from autograder.sandbox.channels import Channels
from autograder.sandbox.launch import END_TIMEOUT_S, memory_file, memory_group, start, with_files
from autograder.sandbox.limits import GIB, MIB, PlainLimits, process_limits
from autograder.sandbox.meter import Meter, Watchdog
from autograder.sandbox.options import environment
from autograder.sandbox.provisioner import SandboxKernel, start_kernel
from autograder.sandbox.seccomp import filter_program
from autograder.sandbox.spec import KIT, SandboxSpec, read_only_folders

IMPORT_TIMEOUT_S = 120
FORK_TIMEOUT_S = 30
# The warm process itself runs no learner's code, and must be able to make namespaces for its forks.
RELAXED = frozenset({"user_namespaces", "system_calls", "settings", "address_space", "cpu"})


class WarmSandbox:
    """A warm process with these libraries imported. It ends with the thread that made it.

    Args:
        libraries: names of modules; those that cannot be imported are listed in `missing`.
        env: the profile's variables, which libraries may read when they are imported.
        binds: further folders of libraries (`SandboxSpec.binds`).

    Attributes:
        asking: what `start_warm_kernel` needs; may be handed to other processes.

    Raises:
        SandboxError: it does not start.
    """

    def __init__(self, libraries: Sequence[str], env: Mapping[str, str], binds: tuple[str, ...] = ()) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        spec = SandboxSpec(limits=PlainLimits(disk_mib=16, processes=4096), env=env, relaxed=RELAXED, binds=binds)
        argv = [sys.executable, "-P", f"{KIT}/inside/warm.py", str(theirs.fileno())]
        # What is shown below a scratch folder: a fork's own folder would hide it.
        below = [path for path in read_only_folders(spec) if path.startswith(("/work/", "/tmp/"))]  # noqa: S108
        self._sandbox = start(spec, argv, [theirs.fileno()], watch=False)
        theirs.close()
        self.asking = ours
        ours.settimeout(IMPORT_TIMEOUT_S)
        try:
            ours.send(json.dumps({"libraries": list(libraries), "below": below}).encode())
            said = json.loads(ours.recv(65536) or b"null")
        except OSError as error:
            said, reason = None, str(error)
        else:
            reason = ""
        if said is None:
            self._sandbox.kill()
            text = self._sandbox.error_text() or reason or "it ended"
            self.close()
            raise SandboxError("The warm process did not start.", came=text, mend="grade with cold sandboxes")
        ours.settimeout(None)
        self.missing: tuple[str, ...] = tuple(said["failed"])

    def alive(self) -> bool:
        return self._sandbox.alive()

    def close(self) -> None:
        """Ends the warm process and all its forks."""
        self.asking.close()
        self._sandbox.close()


def start_warm_kernel(
    asking: socket.socket, spec: SandboxSpec, *, link_fd: int | None = None, wall_s: float | None = None
) -> SandboxKernel:
    """Forks a kernel into namespaces of its own, as `provisioner.start_kernel` starts one; does not wait for it.

    Args:
        asking: `WarmSandbox.asking`, or a copy of it in another process.
        link_fd: as in `start_kernel`.
    """
    channels = Channels()
    try:
        settings = {**channels.inside(), "link_fd": link_fd}
        keep = [*channels.descriptors, *([] if link_fd is None else [link_fd])]
        fork = _fork(asking, spec, settings, keep, wall_s)
    except BaseException:
        channels.close()
        raise
    channels.release()
    return SandboxKernel(fork, channels, int(spec.limits.output_mib * MIB))


def kernel_starter(warm_fds: Sequence[int]) -> Callable[..., SandboxKernel]:
    """`start_kernel`; where the descriptor of a warm process is given, `start_warm_kernel` of that one."""
    return partial(start_warm_kernel, socket.socket(fileno=warm_fds[0])) if warm_fds else start_kernel


def start_warm_probe(asking: socket.socket, spec: SandboxSpec, *, link_fd: int) -> "WarmFork":
    """Forks the probe where a kernel would be; it reads a request from `link_fd`'s other end and answers there."""
    return _fork(asking, spec, None, [link_fd], None)


def _fork(
    asking: socket.socket,
    spec: SandboxSpec,
    kernel: Mapping[str, object] | None,
    keep: list[int],
    wall_s: float | None,
) -> "WarmFork":
    config = {"argv": [], "kernel": kernel, "rlimits": process_limits(spec.limits, spec.relaxed), "keep": keep}
    config_fd = memory_file("config", with_files(config, spec.files))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    request = {
        "env": environment(spec),
        "scratch_bytes": int(spec.limits.disk_mib * MIB),
        "filter": "" if "system_calls" in spec.relaxed else filter_program().hex(),
        "relaxed": sorted(spec.relaxed),
    }
    group = memory_group(spec)
    try:
        socket.send_fds(asking, [json.dumps(request).encode()], [theirs.fileno(), config_fd, *keep])
        theirs.close()
        first = _first_process(ours)
        if group is not None:
            group.add(first)
        ours.send(b"go on")
    except BaseException as error:
        ours.close()
        if group is not None:
            group.close()
        if isinstance(error, OSError):
            raise _no_fork(str(error)) from error
        raise
    finally:
        theirs.close()
        os.close(config_fd)
    fork = WarmFork(first, ours, group)
    fork.watchdog = Watchdog(
        fork,
        memory_bytes=spec.limits.memory_gib * GIB,
        total_cpu_s=spec.limits.total_cpu_s,
        wall_s=wall_s,
        scratch_bytes=int(spec.limits.disk_mib * MIB),
        group=group,
    )
    fork.watchdog.start()
    return fork


class WarmFork:
    """One fork, from its first process down. Has what SandboxKernel needs of a Sandbox."""

    def __init__(self, first: int, answers: socket.socket, group: MemoryGroup | None = None) -> None:
        self._answers, self._group = answers, group
        self._ending = threading.Lock()
        self._first: int | None = os.pidfd_open(first)
        self.pid = first
        self.meter: Meter = _ForkMeter(first)
        self.watchdog: Watchdog | None = None

    def alive(self) -> bool:
        return self.poll() is None

    def poll(self) -> int | None:
        """None while it runs; its status is the warm process's to know."""
        with self._ending:
            if self._first is not None and not select.select([self._first], [], [], 0)[0]:
                return None
        return 0

    def kill(self) -> None:
        """Ends all its processes. When this returns, none is left."""
        with self._ending:
            if self._first is None:
                return
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            if not select.select([self._first], [], [], END_TIMEOUT_S)[0]:
                raise SandboxError("A kernel's processes could not be ended.", where=f"pid {self.pid}")
            os.close(self._first)
            self._first = None

    def error_text(self) -> str:
        """What went wrong before the kernel started."""
        self._answers.setblocking(False)
        try:
            return self._answers.recv(4096).decode(errors="replace")
        except OSError:
            return ""

    def close(self) -> None:
        self.kill()
        if self.watchdog is not None:
            self.watchdog.stop()
        if self._group is not None:
            self._group.close()
        self._answers.close()


class _ForkMeter(Meter):
    def processes(self) -> list[int]:
        return [self.pid, *super().processes()]


def _first_process(answers: socket.socket) -> int:
    """The pid, on this side, of the fork's first process: the host's kernel writes it beside the message."""
    answers.settimeout(FORK_TIMEOUT_S)
    size = struct.calcsize("3i")
    try:
        text, notes, _, _ = answers.recvmsg(4096, socket.CMSG_SPACE(size))
    except OSError as error:
        raise _no_fork(str(error)) from error
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and text == b"started":
            return int(struct.unpack("3i", data[:size])[0])
    raise _no_fork(text.decode(errors="replace") or "it ended")


def _no_fork(came: str) -> SandboxError:
    return SandboxError("The warm process forked no kernel.", came=came, mend="grade again: what was graded is kept")
