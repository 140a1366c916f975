# ruff: noqa: S108 - these are the sandbox's own folders, not the host's
"""The options of bubblewrap: namespaces, made files and environment, scratch folders with a size."""

import os
import shutil
import sys
from pathlib import Path

from autograder.errors import SandboxError
from autograder.sandbox.limits import MIB
from autograder.sandbox.spec import KIT, SandboxSpec

HOSTNAME = "sandbox"
LEARNER_UID = 1000  # as it looks inside
MADE_FILES = {
    "/etc/passwd": f"learner:x:{LEARNER_UID}:{LEARNER_UID}::/work:/bin/sh\n",
    "/etc/group": f"learner:x:{LEARNER_UID}:\n",
    "/etc/hosts": f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hostname": f"{HOSTNAME}\n",
    # Without it, matplotlib's search for fonts complains on stderr.
    "/etc/fonts/fonts.conf": "<fontconfig><cachedir>/tmp/.cache/fontconfig</cachedir></fontconfig>\n",
}


def first_options(spec: SandboxSpec) -> list[str]:
    """What comes before the read-only binds."""
    scratch = [] if "scratch_size" in spec.relaxed else ["--size", str(int(spec.limits.disk_mib * MIB))]
    options = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    options += ["--uid", str(LEARNER_UID), "--gid", str(LEARNER_UID), "--hostname", HOSTNAME, "--clearenv"]
    if "user_namespaces" not in spec.relaxed:
        options.append("--disable-userns")
    if "network" in spec.relaxed:
        options.append("--share-net")
    for name, value in environment(spec).items():
        options += ["--setenv", name, value]
    # Scratch before the binds: an environment may lie below /tmp.
    for path in ("/work", "/tmp"):
        options += [*scratch, "--tmpfs", path]
    options += ["--proc", "/proc", "--dev", "/dev", *scratch, "--tmpfs", "/dev/shm"]
    return options + root_links()


def root_links() -> list[str]:
    """What of the root are links on this system, as /bin to usr/bin."""
    paths = [path for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64") if os.path.islink(path)]
    return [part for path in paths for part in ("--symlink", os.readlink(path), path)]


def last_options(spec: SandboxSpec) -> list[str]:
    """What comes after them."""
    # Every writable place has a size: not the root, not /dev, which would take as much memory as the machine has.
    closed = [] if "root_read_only" in spec.relaxed else ["--remount-ro", "/dev", "--remount-ro", "/"]
    return ["--chdir", "/work", *closed]


def environment(spec: SandboxSpec) -> dict[str, str]:
    """The made environment of a sandbox; nothing of ours gets in."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
    return {
        **threads,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "IPYTHONDIR": "/tmp/.ipython",
        "MPLCONFIGDIR": "/tmp/.matplotlib",
        "XDG_CACHE_HOME": "/tmp/.cache",
        **spec.env,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/work",
        "PWD": "/work",
        "USER": "learner",
        "TMPDIR": "/tmp",
        "PYTHONPATH": KIT,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": str(spec.seed % 2**32),
        "WORKBENCH_SEED": str(spec.seed),
    }


def bubblewrap() -> str:
    """Path of bubblewrap.

    Raises:
        SandboxError: it is not installed, or this is not Linux.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxError(
            "Strangers' code can be run safely on Linux only.",
            came=sys.platform,
            mend="Grade in a Linux machine or virtual machine; for your own work alone, use --trust-learners.",
        )
    found = shutil.which("bwrap", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if found is None:
        raise SandboxError(
            "bubblewrap is not installed.", expected="the program bwrap", mend="apt-get install bubblewrap"
        )
    return os.path.realpath(found)
