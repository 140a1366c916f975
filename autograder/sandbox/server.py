# ruff: noqa: S108 - /tmp and /dev/shm are the server's own folders, not the host's
"""A notebook server of one account in a sandbox: its home is read-write and stays, and it outlives who started it.

As in a grader's sandbox: the interpreter and libraries read-only, nothing of others, namespaces of its own, never host
uid 0. Unlike there: the network is the host's, since the server has to be reached from the hub.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox.cgroup import MemoryGroup
from autograder.sandbox.launch import STAGE, first_process, memory_file
from autograder.sandbox.limits import GIB, MIB
from autograder.sandbox.options import LEARNER_UID, bubblewrap, root_links
from autograder.sandbox.seccomp import filter_program
from autograder.sandbox.spec import KIT, REPOSITORY, SandboxSpec, read_only_folders

HOME = "/home"
SCRATCH_MIB = 1024  # of /tmp and of /dev/shm, each; it counts as memory of the server


@dataclass(frozen=True)
class ServerSpec:
    """What one server is given.

    Attributes:
        account: its user name; home is `/home/<account>` inside.
        home: the folder of the host behind it.
        env: the whole environment.
        shown: path inside → file or folder of the host, read-only; besides the interpreter, the libraries and the kit.
        plain: those of these folders that lie in somebody's own folder, who may have put a link there: it is refused.
        writable: path inside → folder of the host.
        cwd: where it starts; default its home.
        memory_gib: of all its processes together, where the host's kernel can limit it (`MemoryGroup`).
        processes: processes and threads at any one time.
        cpus: numbers of the cores that it runs on; all where there are none.
        uid: as whom it runs on the host; None where we are not root, and it runs as ourselves.
        nests: whether it may start sandboxes itself, as a course's own server does to grade.
    """

    account: str
    home: Path
    env: Mapping[str, str]
    shown: Mapping[str, str] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    writable: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    memory_gib: float = 2
    processes: int = 512
    cpus: tuple[int, ...] = ()
    uid: int | None = None
    nests: bool = False


@dataclass(frozen=True)
class Server:
    """A started one. `first` is the first process of its own pid namespace: when that has ended, all have."""

    process: subprocess.Popen[bytes]
    first: int
    group: MemoryGroup | None


def start_server(spec: ServerSpec, argv: Sequence[str], output_fd: int) -> Server:
    """Starts a program in a sandbox for servers; what it says goes to `output_fd`.

    Raises:
        SandboxError: no sandbox can be had here; says why and what to do.
    """
    info_read, info_write = os.pipe()
    opened, undo = [info_write], ExitStack()
    undo.callback(os.close, info_read)
    try:
        rlimits = {"RLIMIT_NPROC": spec.processes, "RLIMIT_CORE": 0}
        steps = {"argv": list(argv), "kernel": None, "rlimits": rlimits, "keep": [], "files": []}
        config_fd = memory_file("config", json.dumps(steps).encode() + b"\n")
        opened.append(config_fd)
        options, made_fds = _options(spec, info_write)
        opened += made_fds
        shown = dict(sorted({**read_only_folders(_libraries(spec)), **spec.shown}.items()))
        writable = {f"{HOME}/{spec.account}": str(spec.home), **spec.writable}
        places = [("--ro-bind", path, source) for path, source in shown.items()]
        places += [("--bind", path, source) for path, source in writable.items()]
        staged = spec.uid is not None
        for number, (how, path, source) in enumerate(places):
            options += [how, f"{STAGE}/{number}" if staged else source, path]
        options += ["--chdir", spec.cwd or f"{HOME}/{spec.account}", "--remount-ro", "/dev", "--remount-ro", "/"]
        opened.append(memory_file("options", "\0".join(options).encode()))
        start = [sys.executable, "-P", f"{KIT}/inside/start.py", str(config_fd)]
        command = [bubblewrap(), "--args", str(opened[-1]), "--", *start]
        group = MemoryGroup.make(int(spec.memory_gib * GIB))
        if group is not None:
            undo.callback(group.close)
        if staged:
            request = {
                "uid": spec.uid,
                "sources": [source for _, _, source in places],
                "command": command,
                "env": dict(spec.env),
                "group": group and str(group.procs),
                "cpus": spec.cpus,
                "plain": spec.plain,
            }
            opened.append(memory_file("request", json.dumps(request).encode()))
            command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("drop.py")), str(opened[-1])]
        elif spec.cpus:
            command = ["taskset", "--cpu-list", ",".join(map(str, spec.cpus)), *command]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output_fd,
            stderr=output_fd,
            pass_fds=opened,
            env={} if staged else dict(spec.env),
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        undo.close()
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)
    undo.pop_all()
    try:
        first = first_process(process, info_read)
    except BaseException:
        process.kill()
        process.wait()
        if group is not None:
            group.close()
        raise
    return Server(process, first, group)


def _libraries(spec: ServerSpec) -> SandboxSpec:
    """Settings of its own namespaces are open to a server that makes sandboxes: it must be able to mount a /proc."""
    return SandboxSpec(relaxed=frozenset({"settings"} if spec.nests else ()))


def _options(spec: ServerSpec, info_fd: int) -> tuple[list[str], list[int]]:
    """What comes before the binds, with the descriptors that it names."""
    options, opened = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"], []
    options += ["--new-session", "--cap-drop", "ALL", "--uid", str(LEARNER_UID), "--gid", str(LEARNER_UID)]
    options += ["--hostname", spec.account, "--info-fd", str(info_fd)]
    if not spec.nests:
        options.append("--disable-userns")
    scratch = ["--size", str(SCRATCH_MIB * MIB)]
    options += [*scratch, "--perms", "0700", "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"]
    options += [*scratch, "--perms", "0700", "--tmpfs", "/dev/shm", *root_links()]
    for path, text in _made_files(spec.account).items():
        opened.append(memory_file(path, text.encode()))
        options += ["--perms", "0444", "--file", str(opened[-1]), path]
    if not spec.nests and (program := filter_program()):
        opened.append(memory_file("seccomp", program))
        options += ["--seccomp", str(opened[-1])]
    return options, opened


def _made_files(account: str) -> dict[str, str]:
    return {
        "/etc/passwd": f"{account}:x:{LEARNER_UID}:{LEARNER_UID}::{HOME}/{account}:/bin/bash\n",
        "/etc/group": f"{account}:x:{LEARNER_UID}:\n",
        "/etc/hosts": f"127.0.0.1 localhost {account}\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "/etc/hostname": f"{account}\n",
        "/etc/fonts/fonts.conf": "<fontconfig><cachedir>/tmp/.cache/fontconfig</cachedir></fontconfig>\n",
    }


def kit_shown() -> dict[str, str]:
    """The kit's own programs, for a server that needs more of it than `workbench`."""
    return {f"{KIT}/autograder": str(REPOSITORY / "autograder")}
