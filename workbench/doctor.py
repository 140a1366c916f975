"""`workbench doctor`: what is there on this machine, what is missing, and how to mend it."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Without these no notebook of the kit runs; the rest is wanted by some units or by graders.
NEEDED = ("numpy", "ipykernel", "ipython", "ipywidgets", "cloudpickle")
LESSONS = ("torch", "triton", "pandas", "pyarrow", "dask", "distributed", "matplotlib", "jupyterlab")
LEAST_MEMORY_GIB = 4
GIB = 2**30
ASK_S = 20
# In a checkout; else what the installed bundle brought.
LOCKS = (
    Path(__file__).parents[1] / "requirements.lock",
    Path(sys.prefix, "share", "ai-factory-course-kit", "pins.txt"),
)
LOCK = next((path for path in LOCKS if path.is_file()), LOCKS[0])
TRY_SANDBOX = ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true")
MEND_PACKAGES = "make setup; or mamba env create -f environment.yml"


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `needed`: without it a learner cannot work; `mend` is empty where all is well."""

    name: str
    came: str
    mend: str = ""
    needed: bool = False

    @property
    def well(self) -> bool:
        return not self.mend


def findings() -> list[Finding]:
    """All that is looked for, what a learner needs first."""
    pins = read_pins(LOCK)
    return [
        python(),
        *(package(name, pins, needed=True) for name in NEEDED),
        *(package(name, pins, needed=False) for name in LESSONS),
        memory(),
        Finding("cores", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())),
        gpu(),
        bubblewrap(),
        slurm(),
        gateway(),
    ]


def main(run_grader: bool = True) -> int:
    """Prints the findings, then what keeps each limit of a graded submission here; the exit status."""
    found = findings()
    width = max(len(finding.name) for finding in found)
    for finding in found:
        mark = "ok" if finding.well else "MISSING" if finding.needed else "none"
        mend = "" if finding.well else f"  ({finding.mend})"
        print(f"{mark:8}{finding.name:{width}}  {finding.came}{mend}", flush=True)
    if run_grader and shutil.which("bwrap") and installed("nbgrader"):
        # A process of its own: what a learner imports knows nothing of the grader.
        print("\nGrading strangers' work here (autograder doctor):", flush=True)
        subprocess.run([sys.executable, "-m", "autograder", "doctor"], check=False)
    return int(any(finding.needed and not finding.well for finding in found))


def python() -> Finding:
    came = f"{platform.python_version()} in {sys.prefix}"
    return Finding("Python", came, "" if sys.version_info >= (3, 11) else "Python 3.11 or later is needed", needed=True)


def package(name: str, pins: dict[str, str], *, needed: bool) -> Finding:
    """A package in the version that the kit is tested with."""
    version, pin = installed(name), pins.get(name, "")
    if not version:
        return Finding(name, "not installed", MEND_PACKAGES, needed)
    # "2.13.0+cpu" is a build of 2.13.0.
    if pin and version.split("+")[0] != pin.split("+")[0]:
        return Finding(name, version, f"the kit is tested with {pin}: {MEND_PACKAGES}")
    return Finding(name, version)


def installed(name: str) -> str:
    """The version of a distribution; "" where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def read_pins(lock: Path) -> dict[str, str]:
    """Name → version of requirements.lock; nothing where the kit was installed without it."""
    try:
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    except OSError:
        return {}


def memory() -> Finding:
    """Of the machine, and of the control group that this process is in, where that is less."""
    sizes = list(_memory_sizes())
    if not sizes:
        return Finding("memory", "cannot be read here")
    gib = min(sizes) / GIB
    mend = "" if gib >= LEAST_MEMORY_GIB else f"units need up to {LEAST_MEMORY_GIB} GiB: close other programs"
    return Finding("memory", f"{gib:.1f} GiB", mend)


def _memory_sizes() -> Iterator[int]:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            yield int(text)


def gpu() -> Finding:
    """What nvidia-smi names. Everything in the kit runs without."""
    mend = "nothing to mend: every unit runs without one"
    if not shutil.which("nvidia-smi"):
        return Finding("GPU", "no nvidia-smi", mend)
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("GPU", f"nvidia-smi: {error}", mend)
    names = "; ".join(said.stdout.split("\n")).strip("; ")
    return Finding("GPU", names, "") if said.returncode == 0 and names else Finding("GPU", "none answers", mend)


def bubblewrap() -> Finding:
    """Tried, not only found: a system may switch off the namespaces that it needs."""
    only = "only to grade strangers' work:"
    path = shutil.which("bwrap")
    if path is None:
        return Finding("bubblewrap", "no bwrap", f"{only} apt-get install bubblewrap, or conda's")
    failure = _failure(*TRY_SANDBOX)
    mend = f"{only} let users make namespaces (sysctl kernel.unprivileged_userns_clone, or AppArmor's rules)"
    return Finding("bubblewrap", f"{path}: {failure}", mend) if failure else Finding("bubblewrap", path)


def slurm() -> Finding:
    """Whether a controller answers; sbatch alone submits nothing."""
    path = shutil.which("sbatch")
    if path is None:
        return Finding("Slurm", "no sbatch", "only for work in Slurm: log in to a machine where sbatch works")
    failure = _failure("scontrol", "ping")
    mend = "only for work in Slurm: this machine has its programs, but reaches no controller (SLURM_CONF)"
    return Finding("Slurm", f"{path}, no controller answers", mend) if failure else Finding("Slurm", path)


def _failure(*command: str) -> str:
    """What a program says that fails; "" where it does not."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if said.returncode == 0 else (said.stderr or said.stdout).strip()[:200] or "failed"


def gateway() -> Finding:
    """Whether dask-gateway's client is there, and an address in the environment; its files are Dask's to read."""
    address = os.environ.get("DASK_GATEWAY__ADDRESS", "")
    mend = "" if address and installed("dask-gateway") else "only for a dask-gateway: set DASK_GATEWAY__ADDRESS"
    return Finding("dask-gateway", address or "no address", mend)
