"""A kernel without a sandbox, for one's own work where none can be had. Every mark that comes of it is unsealed."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress

from autograder.errors import SandboxError
from autograder.sandbox.channels import Channels
from autograder.sandbox.launch import Sandbox, memory_file, with_files
from autograder.sandbox.limits import GIB, MIB, process_limits
from autograder.sandbox.meter import Meter, Watchdog
from autograder.sandbox.options import environment
from autograder.sandbox.provisioner import SandboxKernel
from autograder.sandbox.spec import INSIDE, REPOSITORY, SandboxSpec

# A limit on all processes of this user would hit what else the user runs.
NOT_HERE = frozenset({"processes"})


def start_unsealed_kernel(spec: SandboxSpec, *, link_fd: int, wall_s: float | None = None) -> SandboxKernel:
    """Starts a kernel as an ordinary child process in an empty folder; limits on time and memory hold as usual.

    Raises:
        SandboxError: this system lacks what even that needs.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxError("Notebooks can be graded on Linux only.", came=sys.platform, mend="use a Linux machine")
    channels = Channels()
    folder = tempfile.TemporaryDirectory(prefix="unsealed-")
    keep = [*channels.descriptors, link_fd]
    limits = process_limits(spec.limits, spec.relaxed | NOT_HERE)
    settings = {**channels.inside(), "link_fd": link_fd}
    config = with_files({"argv": [], "kernel": settings, "rlimits": limits, "keep": keep}, spec.files)
    config_fd = memory_file("config", config)
    places = {"PYTHONPATH": f"{REPOSITORY}:{INSIDE.parent}", "HOME": folder.name, "TMPDIR": folder.name}
    try:
        process = subprocess.Popen(
            [sys.executable, str(INSIDE / "start.py"), str(config_fd)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[config_fd, *keep],
            env={**environment(spec), **places},
            cwd=folder.name,
            start_new_session=True,
        )
    except BaseException:
        channels.close()
        folder.cleanup()
        raise
    finally:
        os.close(config_fd)
    channels.release()
    unsealed = _Unsealed(process, folder)
    unsealed.watchdog = Watchdog(
        unsealed, memory_bytes=spec.limits.memory_gib * GIB, total_cpu_s=spec.limits.total_cpu_s, wall_s=wall_s
    )
    unsealed.watchdog.start()
    return SandboxKernel(unsealed, channels, int(spec.limits.output_mib * MIB))


class _Unsealed(Sandbox):
    """A process group instead of a sandbox. What leaves the group on purpose is not found."""

    def __init__(self, process: subprocess.Popen[bytes], folder: "tempfile.TemporaryDirectory[str]") -> None:
        super().__init__(process, process.pid, None)
        self.meter = _GroupMeter(process.pid)
        self._folder = folder

    def kill(self) -> None:
        with self._ending:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


class _GroupMeter(Meter):
    def processes(self) -> list[int]:
        return [self.pid, *super().processes()]
