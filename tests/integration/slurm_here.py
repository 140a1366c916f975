"""A Slurm of its own on this machine's loopback, from Debian's packages: one controller, one node of four CPUs.

    with slurm_here() as slurm:   # as root; its programs find it by slurm.environment
        …

By hand, until it is interrupted or asked to end: `python -m tests.integration.slurm_here`; it says what to export.
"""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
PACKAGES = "munge slurmctld slurmd slurm-client"
NODE = "here"
CPUS = 4  # declared, however many there are
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
# CommunicationParameters: without, both daemons listen on every address of the machine.
CONFIGURATION = """\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A running Slurm: its folder, and the environment in which its programs find it."""

    folder: Path
    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        """What one of Slurm's programs prints."""
        environment = os.environ | self.environment
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout.strip()

    def jobs(self, state: str = "RUNNING") -> list[str]:
        return self.ask("squeue", "--noheader", "--format=%i", f"--states={state}").split()


@functools.cache
def missing() -> str:
    """Why it cannot be had here; "" where it can."""
    if os.geteuid() != 0:
        return "needs to be started as root"
    absent = [name for name in PROGRAMS if program(name) is None]
    return f"{', '.join(absent)} not installed (apt-get install {PACKAGES})" if absent else ""


def program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextmanager
def slurm_here() -> Iterator[Slurm]:
    """Starts munged, slurmctld and slurmd, waits until the node takes jobs; ends all three and every job."""
    with ExitStack() as stack:
        # Not pytest's folder: the path of a socket may have 107 characters at most.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        _write_key(folder / "munge.key")
        configuration = folder / "slurm.conf"
        host = socket.gethostname().split(".")[0]
        controller_port, node_port = _free_ports(2)
        configuration.write_text(
            CONFIGURATION.format(
                host=host, folder=folder, controller_port=controller_port, node_port=node_port, node=NODE, cpus=CPUS
            )
        )
        slurm = Slurm(folder, {"SLURM_CONF": str(configuration)})
        stack.enter_context(_running(_munged(folder), folder, slurm))
        _wait_for((folder / "munge.socket").exists, folder, "munged")
        stack.enter_context(_running(["slurmctld", "-D", "-i"], folder, slurm))
        stack.enter_context(_running(["slurmd", "-D", "-N", NODE], folder, slurm))
        _wait_for(lambda: _is_idle(slurm), folder, "the node")
        try:
            yield slurm
        finally:
            _end_jobs(slurm)


def _munged(folder: Path) -> list[str]:
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid", "seed-file": "munge.seed"}
    return ["munged", "--foreground", "--force", *(f"--{name}={folder / file}" for name, file in files.items())]


def _write_key(path: Path) -> None:
    path.touch(mode=0o600)
    path.write_bytes(os.urandom(128))


@contextmanager
def _running(command: Sequence[str], folder: Path, slurm: Slurm) -> Iterator[None]:
    path = program(command[0])
    assert path is not None
    with (folder / f"{command[0]}.said").open("wb") as said:
        process = subprocess.Popen(
            [path, *command[1:]],
            env=os.environ | slurm.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_idle(slurm: Slurm) -> bool:
    try:
        return slurm.ask("sinfo", "--noheader", "--format=%T") == "idle"
    except subprocess.CalledProcessError:
        return False


def _wait_for(ready: Callable[[], bool], folder: Path, what: str) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if time.monotonic() > deadline_s:
            logs = "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(folder.glob("*.said")))
            raise TimeoutError(f"{what} did not come up within {START_TIMEOUT_S} s\n{logs}")
        time.sleep(0.1)


def _end_jobs(slurm: Slurm) -> None:
    """All jobs, also those that a failed test left behind."""
    deadline_s = time.monotonic() + STOP_TIMEOUT_S
    while (left := slurm.ask("squeue", "--noheader", "--format=%i").split()) and time.monotonic() < deadline_s:
        slurm.ask("scancel", *left)
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for made in sockets:
            made.bind(("127.0.0.1", 0))
        return [made.getsockname()[1] for made in sockets]


if __name__ == "__main__":
    if why_not := missing():
        raise SystemExit(why_not)
    # Also where a shell has started it in the background, with interrupts ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), slurm_here() as running:
        for key, value in running.environment.items():
            print(f"export {key}={value}", flush=True)
        signal.pause()
