"""Starts a sandbox: bubblewrap around `inside/start.py`, with the uid dropped first where we are root."""

import json
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from autograder.errors import SandboxError
from autograder.sandbox.cgroup import MemoryGroup
from autograder.sandbox.limits import GIB, MIB, process_limits
from autograder.sandbox.meter import Meter, Watchdog
from autograder.sandbox.options import MADE_FILES, bubblewrap, first_options, last_options
from autograder.sandbox.seccomp import filter_program
from autograder.sandbox.spec import KIT, SandboxSpec, read_only_folders

# Host uids that nobody owns: the range that systemd's list of uids leaves unused.
HOST_UIDS = range(60706, 61184)
START_TIMEOUT_S = 30
# Removing what a sandbox leaves (a million files, gigabytes of memory) takes the host's kernel a while.
END_TIMEOUT_S = 60
STAGE = "/tmp"  # noqa: S108 - where drop.py mounts what is shown, in a mount namespace of its own


class Running(Protocol):
    """What a kernel needs of the place it runs in: a sandbox, a fork of a warm one, or no sandbox at all."""

    pid: int
    meter: Meter
    watchdog: Watchdog | None

    def alive(self) -> bool: ...
    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def error_text(self) -> str: ...
    def close(self) -> None: ...


class Sandbox:
    """A running sandbox.

    Attributes:
        pid: bubblewrap's process on the host (inside there is a first process of its own, which buries the dead).
        meter: measures everything below it.
        watchdog: the thread that ends it at its limits; its `.reason` says why. None if not asked for.
        group: where the host's kernel limits its memory; None where the watchdog does.
        stdin, stdout, stderr: pipes, where they were asked for.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        first: int,
        uid_lock: socket.socket | None,
        group: MemoryGroup | None = None,
    ) -> None:
        self._process, self._uid_lock, self.group = process, uid_lock, group
        self._ending = threading.Lock()  # the watchdog and the owner may end it at the same moment
        # A descriptor instead of a number: it cannot come to mean another process.
        self._first: int | None = None
        with suppress(ProcessLookupError):
            self._first = os.pidfd_open(first)
        self.pid = process.pid
        self.meter = Meter(process.pid)
        self.watchdog: Watchdog | None = None
        self.stdin: IO[bytes] | None = process.stdin
        self.stdout: IO[bytes] | None = process.stdout
        self.stderr: IO[bytes] | None = process.stderr

    def alive(self) -> bool:
        """Whether the program in it still runs."""
        return self._process.poll() is None

    def poll(self) -> int | None:
        """The program's exit status, or None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """Ends all its processes. When this returns, none is left."""
        with self._ending:
            self._end_first()
            # bubblewrap itself ends when it has buried the first process.
            try:
                self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._uid_lock is not None:
                self._uid_lock.close()

    def wait(self, timeout_s: float | None = None) -> int:
        """Waits for the program to end, then for what it left behind to be gone; the exit status (negative: a signal).

        Raises:
            TimeoutError: it still runs after `timeout_s` seconds of wall time.
        """
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the sandbox still runs after {timeout_s} s") from None
        self.kill()
        return status

    def error_text(self) -> str:
        """What it wrote to its standard error pipe, at most 16 KiB; for a sandbox that has ended."""
        if self.stderr is None or self.stderr.closed:
            return ""
        os.set_blocking(self.stderr.fileno(), False)
        return (self.stderr.read(16384) or b"").decode(errors="replace").strip()

    def close(self) -> None:
        """Ends it and gives back what it held here."""
        self.kill()
        if self.watchdog is not None:
            self.watchdog.stop()
        if self.group is not None:
            self.group.close()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _end_first(self) -> None:
        """Ends the first process, and waits: it ends only after all others of its namespace have."""
        if self._first is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        if not select.select([self._first], [], [], END_TIMEOUT_S)[0]:
            raise SandboxError(
                "A sandbox's processes could not be ended.", where=f"pid {self.pid}", mend="End them by hand."
            )
        os.close(self._first)
        self._first = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(
    spec: SandboxSpec,
    argv: Sequence[str],
    pass_fds: Sequence[int] = (),
    *,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.DEVNULL,
    stderr: int | None = subprocess.PIPE,
    kernel: Mapping[str, Any] | None = None,
    watch: bool = True,
    wall_s: float | None = None,
) -> Sandbox:
    """Starts a program in a sandbox.

    It ends at the latest with the thread that called this (the host's kernel counts the thread, not the process, as
    the parent).

    Args:
        argv: the program; `sys.executable` is at the same path inside. Empty if `kernel` is given.
        pass_fds: descriptors that stay open inside under the same number, besides the standard three.
        kernel: what `inside/kernel.py` needs (see `channels.Channels.inside`); runs it instead of a program.
        watch: start the watchdog on memory, total CPU time and `wall_s`.

    Raises:
        SandboxError: no sandbox can be had here; says why and what to do.
    """
    first_steps = {
        "argv": list(argv),
        "kernel": kernel,
        "rlimits": process_limits(spec.limits, spec.relaxed),
        "keep": list(pass_fds),
    }
    config_fd = memory_file("config", with_files(first_steps, spec.files))
    info_read, info_write = os.pipe()
    opened = [config_fd, info_write]
    uid_lock, group, undo = None, None, ExitStack()
    try:
        options, made_fds = _options(spec, info_write)
        opened += made_fds
        sources = read_only_folders(spec)
        if os.geteuid() == 0 and "uid_drop" not in spec.relaxed:
            uid, uid_lock = _host_uid()
            undo.callback(uid_lock.close)
            binds = [part for number, path in enumerate(sources) for part in ("--ro-bind", f"{STAGE}/{number}", path)]
        else:
            uid, binds = None, [part for path, source in sources.items() for part in ("--ro-bind", source, path)]
        options_fd = memory_file("options", "\0".join([*options, *binds, *last_options(spec)]).encode())
        opened.append(options_fd)
        # bubblewrap's own command line can be read inside: the options go by descriptor.
        command = [
            bubblewrap(),
            "--args",
            str(options_fd),
            "--",
            sys.executable,
            f"{KIT}/inside/start.py",
            str(config_fd),
        ]
        if uid is not None:
            if watch and (group := memory_group(spec)) is not None:
                undo.callback(group.close)
            steps = {"uid": uid, "sources": list(sources.values()), "command": command}
            request = json.dumps({**steps, "group": group and str(group.procs)}).encode()
            opened.append(memory_file("request", request))
            command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("drop.py")), str(opened[-1])]
        process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=[*opened, *pass_fds], env={}, cwd="/"
        )
    except BaseException:
        os.close(info_read)
        undo.close()
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)
    with undo:
        first = first_process(process, info_read)
        undo.pop_all()
    sandbox = Sandbox(process, first, uid_lock, group)
    if watch:
        sandbox.watchdog = Watchdog(
            sandbox,
            memory_bytes=spec.limits.memory_gib * GIB,
            total_cpu_s=spec.limits.total_cpu_s,
            wall_s=wall_s,
            scratch_bytes=int(spec.limits.disk_mib * MIB),
            group=group,
        )
        sandbox.watchdog.start()
    return sandbox


def memory_group(spec: SandboxSpec) -> MemoryGroup | None:
    """A group with the sandbox's limit of memory; None where none can be made."""
    return None if "memory_group" in spec.relaxed else MemoryGroup.make(int(spec.limits.memory_gib * GIB))


def sandbox_command(spec: SandboxSpec, argv: Sequence[str]) -> list[str]:
    """The bubblewrap command of a sandbox, to read or to try by hand; `start` passes made files and limits by
    descriptor as well."""
    made = [part for path in MADE_FILES for part in ("--ro-bind", f"<made {path}>", path)]
    binds = [part for path, source in read_only_folders(spec).items() for part in ("--ro-bind", source, path)]
    return [bubblewrap(), *first_options(spec), *made, *binds, *last_options(spec), "--", *argv]


def _options(spec: SandboxSpec, info_fd: int) -> tuple[list[str], list[int]]:
    """Options with the descriptors they name."""
    options, opened = [*first_options(spec), "--info-fd", str(info_fd)], []
    for path, text in MADE_FILES.items():
        opened.append(memory_file(path, text.encode()))
        options += ["--perms", "0444", "--file", str(opened[-1]), path]
    if "system_calls" not in spec.relaxed and (program := filter_program()):
        opened.append(memory_file("seccomp", program))
        options += ["--seccomp", str(opened[-1])]
    return options, opened


def _host_uid() -> tuple[int, socket.socket]:
    """A uid of no account and of no other sandbox, with the socket whose abstract name keeps it ours on this
    machine."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for uid in HOST_UIDS:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0autograder-sandbox-uid-{uid}")
        except OSError:
            lock.close()
            continue
        if uid not in taken:
            return uid, lock
        lock.close()
    raise SandboxError(
        "Too many sandboxes run on this machine.", expected=f"at most {len(HOST_UIDS)}", mend="Use fewer workers."
    )


def first_process(process: subprocess.Popen[bytes], info_read: int) -> int:
    """Waits until bubblewrap names the sandbox's first process; its pid on the host."""
    text = b""
    with os.fdopen(info_read, "rb", buffering=0) as stream:
        while b"}" not in text and select.select([stream], [], [], START_TIMEOUT_S)[0]:
            piece = stream.read(4096)
            if not piece:
                break
            text += piece
    if b"}" in text:
        return int(json.loads(text)["child-pid"])
    process.kill()
    # Reads what it said, closes the pipes, and takes its exit status.
    came = (process.communicate()[1] or b"")[:4096].decode(errors="replace").strip()
    raise SandboxError(
        "No sandbox can be made here.",
        came=came or f"bubblewrap ended with status {process.returncode}",
        expected="unprivileged user namespaces",
        mend="Allow them: sysctl user.max_user_namespaces=15000, and where they exist sysctl "
        "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; start a container with "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined. "
        "For your own work alone, use --trust-learners.",
    )


def with_files(first_steps: dict[str, Any], files: Mapping[str, bytes]) -> bytes:
    """A line of JSON, then the files' bytes one after the other."""
    header = {**first_steps, "files": [[name, len(content)] for name, content in files.items()]}
    return b"".join([json.dumps(header).encode(), b"\n", *files.values()])


def memory_file(name: str, content: bytes) -> int:
    """A descriptor, inherited by children, of a file in memory that stands at its beginning."""
    descriptor = os.memfd_create(name, 0)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
