"""What one sandbox is given, and which places of the host it may read."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.errors import SandboxError
from autograder.sandbox.limits import RELAXABLE, PlainLimits, SandboxLimits

REPOSITORY = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).resolve().parent / "inside"
KIT = "/opt/kit"
# System folders that interpreters, compilers (for torch.compile and Triton) and time zones need. Never /etc, /home,
# /var, /root.
SYSTEM_FOLDERS = (
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/include",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/ld.so.cache",
)
ROOT_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
# A name of the kit that a sandbox may be given; the others decide how a learner's side of the link behaves.
OPEN_ENV = frozenset({"WORKBENCH_PROFILE"})
RESERVED_ENV = frozenset({"PATH", "HOME", "PYTHONPATH", "PYTHONHASHSEED", "LD_PRELOAD", "LD_LIBRARY_PATH", "TMPDIR"})


@dataclass(frozen=True)
class SandboxSpec:
    """What one sandbox is given.

    Attributes:
        limits: what it may use.
        files: released files, name relative to /work → bytes; copies, so nothing that happens to them matters outside.
        env: environment variables of the profile.
        binds: further folders or files of the host that are visible read-only at the same path.
        seed: seeds `hash()`, `random`, NumPy and torch alike in every run.
        relaxed: limits taken away, from `limits.RELAXABLE`; only tests of the probe use it.
    """

    limits: SandboxLimits = field(default_factory=PlainLimits)
    files: Mapping[str, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[str, ...] = ()
    seed: int = 0
    relaxed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in self.files:
            _check_file_name(name)
        clashes = [name for name in self.files if any(str(p) in self.files for p in PurePosixPath(name).parents)]
        if clashes:
            raise SandboxError("A released file cannot also be a folder.", came=repr(clashes[0]))
        for name, value in self.env.items():
            reserved = name in RESERVED_ENV or (name.startswith("WORKBENCH_") and name not in OPEN_ENV)
            if reserved or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or "\0" in value:
                raise SandboxError(
                    "This environment variable cannot be given to a sandbox.",
                    where="env",
                    came=repr(name),
                    expected=f"a plain name, none of {', '.join(sorted(RESERVED_ENV))}, WORKBENCH_*",
                )
        unknown = self.relaxed - RELAXABLE
        if unknown:
            raise SandboxError("No such limit.", came=", ".join(sorted(unknown)), expected=", ".join(sorted(RELAXABLE)))


def read_only_folders(spec: SandboxSpec) -> dict[str, str]:
    """Path inside → path of the host, for everything that is visible read-only.

    Raises:
        SandboxError: a folder to be shown holds the kit's exercises, a home directory or the whole machine.
    """
    shown = {path: path for path in SYSTEM_FOLDERS if os.path.exists(path)}
    shown.update({path: path for path in ROOT_FOLDERS if os.path.isdir(path) and not os.path.islink(path)})
    # pyvenv.cfg, the links in bin/ and sysconfig name these paths: they must be the same inside. Both the way the
    # prefix is called and the place it really is, since a link may lie between.
    for prefix in (
        sys.base_prefix,
        sys.base_exec_prefix,
        str(Path(sys.executable).resolve().parent.parent),
        sys.prefix,
    ):
        shown[prefix] = os.path.realpath(prefix)
        shown[os.path.realpath(prefix)] = os.path.realpath(prefix)
    for path in spec.binds:
        if not os.path.isabs(path) or not os.path.exists(path):
            raise SandboxError(
                "A folder to be shown in the sandbox does not exist.",
                where="binds",
                came=path,
                expected="an absolute path",
            )
        shown[os.path.normpath(path)] = os.path.realpath(path)
    if shown.get("/usr") == "/usr":
        # A system interpreter's prefix is all of /usr, of which the folders above are enough.
        del shown["/usr"]
        shown.update({path: path for path in ("/usr/local/lib",) if os.path.exists(path)})
    for source in shown.values():
        _refuse_private(source)
    # Settings of its own namespaces would be open for writing.
    if "settings" not in spec.relaxed:
        shown["/proc/sys"] = "/proc/sys"
    shown[f"{KIT}/workbench"] = str(REPOSITORY / "workbench")
    shown[f"{KIT}/inside"] = str(INSIDE)
    # A folder before what lies in it: a later bind of the outer one would hide the inner.
    return dict(sorted(shown.items()))


def _refuse_private(source: str) -> None:
    home = os.path.realpath(os.path.expanduser("~"))
    private = {"/": "the whole machine", "/proc": "the host's processes", home: "the home directory"}
    if (REPOSITORY / "exercises").is_dir():
        private[str(REPOSITORY)] = "the kit and its hidden checks"
    for extra in filter(None, os.environ.get("AUTOGRADER_EXERCISES", "").split(os.pathsep)):
        private[os.path.realpath(extra)] = "a folder of exercises"
    for path, what in private.items():
        if os.path.commonpath([source, path]) == source:
            raise SandboxError(
                f"A sandbox must not see {what}.",
                where=source,
                came=f"a folder that holds {path}",
                expected="a folder of libraries, apart from it",
                mend="Make a virtual environment in a folder of its own and run from it.",
            )


def _check_file_name(name: str) -> None:
    path = PurePosixPath(name)
    plain = name == str(path) and not path.is_absolute() and ".." not in path.parts and path.parts and "\0" not in name
    if not plain or len(name.encode()) > 512 or any(len(part.encode()) > 255 for part in path.parts):
        raise SandboxError(
            "A released file's name must stay inside the working directory.",
            where="files",
            came=repr(name),
            expected="a relative path without '..', as data/points.csv",
        )
