"""`workbench bundle`: one archive with all that a machine without network needs.

    wheels/            every package at its pin, the kit itself among them
    requirements.txt   their names and versions
    environment.yml    for conda, with requirements.lock beside it
    shelf/             the catalogue and the released notebooks
    install.sh         checks every file, then installs; install.py is its second half
    SHA256SUMS         of each file

Checksums tell damage, not forgery: who wants to know where an archive is from asks its maker for its own checksum.
"""

import errno
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from workbench.errors import KitError
from workbench.offline.install import SUMS, sums
from workbench.shelf import Shelf, checkout

NAME = "ai-factory-course-kit"
EXTRA = "lessons"
WHEELS = "wheels"
MIB = 2**20
OUTPUT_CHARS = 2000
GZIP_LEVEL = 1  # wheels are compressed already
README = """The AI Factory Course Kit, to be installed without a network. It needs Linux and Python {python}.

  sh install.sh            makes a virtual environment beside this folder, and installs into it
  sh install.sh FOLDER     the same, in FOLDER
  FOLDER/bin/workbench start

Every file is checked before anything is installed. shelf/index.html is the catalogue: open it in a browser.
With conda: see docs/offline.md of the kit; environment.yml and requirements.lock lie here.
"""


class BundleError(KitError):
    """No bundle was made."""


def make_bundle(archive: Path, shelf: Shelf) -> int:
    """Writes the archive, and beside it its own checksum; the exit status.

    Raises:
        BundleError: this is no checkout of the kit, or a package could not be had.
    """
    root = checkout()
    if root is None or not (root / "requirements.lock").is_file():
        raise BundleError(
            "a bundle is made from a checkout of the kit: the pins and the kit's own sources are there",
            where=str(Path.cwd()),
            mend="change into a checkout; `make setup` there installs what is needed",
        )
    if not archive.name.endswith((".tar.gz", ".tgz")):
        raise BundleError("the archive's name should say what it is", came=archive.name, expected="NAME.tar.gz")
    checksum = archive.with_name(f"{archive.name}.sha256")
    try:
        with tempfile.TemporaryDirectory(prefix="bundle-", dir=archive.absolute().parent) as scratch:
            folder = Path(scratch) / f"{NAME}-{_version()}"
            fill_bundle(folder, root, shelf)
            made = Path(scratch) / "archive"
            _pack(folder, made)
            made.replace(archive)
        checksum.write_text(f"{_sha256(archive)}  {archive.name}\n", encoding="utf-8")
    except (OSError, shutil.Error) as error:
        came = str(error)[-OUTPUT_CHARS:]
        mend = "make room (about 2 GiB), or name an archive in another folder"
        raise BundleError("the bundle could not be written", str(archive), came, mend=mend) from None
    print(f"{archive}: {archive.stat().st_size / MIB:.0f} MiB. Its checksum is in {checksum.name}.")
    print(f"On the other machine: sha256sum -c {checksum.name}; tar xzf {archive.name}; sh {NAME}-*/install.sh")
    return 0


def fill_bundle(folder: Path, root: Path, shelf: Shelf) -> None:
    """Makes the folder that is packed. Raises BundleError."""
    wheels = folder / WHEELS
    wheels.mkdir(parents=True)
    _build_own_wheel(root, wheels)
    (own,) = wheels.glob("*.whl")
    _say("fetching the packages at their pins")
    _pip(
        "download",
        "--quiet",
        "--only-binary=:all:",
        f"--dest={wheels}",
        f"--constraint={root / 'requirements.lock'}",
        f"{own}[{EXTRA}]",
    )
    pins = sorted(
        f"{name}=={version}" for name, version in map(_name_and_version, wheels.glob("*.whl")) if name != NAME
    )
    (folder / "requirements.txt").write_text("\n".join([*pins, f"{NAME}[{EXTRA}]=={_name_and_version(own)[1]}", ""]))
    shutil.copytree(shelf.folder, folder / "shelf")
    for name in ("environment.yml", "requirements.lock", "LICENSE", "LICENSE-COURSES"):
        shutil.copyfile(root / name, folder / name)
    python = ".".join(platform.python_version_tuple()[:2])
    (folder / "README.txt").write_text(README.format(python=python), encoding="utf-8")
    for name in ("install.sh", "install.py"):
        text = (Path(__file__).parent / "offline" / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("@PYTHON@", python), encoding="utf-8")
    (folder / SUMS).write_bytes(sums(folder))
    size_mib = sum(path.stat().st_size for path in wheels.iterdir()) / MIB
    _say(f"{len(pins) + 1} wheels, {size_mib:.0f} MiB; notebooks of {len(shelf.courses)} courses")


def _build_own_wheel(root: Path, wheels: Path) -> None:
    """From a copy: building leaves folders behind in a source tree."""
    _say("building the kit's own wheel")
    with tempfile.TemporaryDirectory(prefix="wheel-") as scratch:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(root / name, Path(scratch) / name)
        for name in ("workbench", "autograder"):
            shutil.copytree(root / name, Path(scratch) / name, ignore=shutil.ignore_patterns("__pycache__"))
        _pip("wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", f"--wheel-dir={wheels}", scratch)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        came = done.stderr.strip()[-OUTPUT_CHARS:]
        mend = "making a bundle needs a package index (or PIP_FIND_LINKS); only its use needs no network"
        if os.strerror(errno.ENOSPC) in came:
            mend = "the disk is full: make room (about 2 GiB), or name an archive in another folder"
        raise BundleError("pip could not bring a package", where=f"pip {arguments[0]}", came=came, mend=mend)


def _name_and_version(wheel: Path) -> tuple[str, str]:
    """Of a wheel, by its file's name, where the name has '_' for '-'."""
    name, version = wheel.name.split("-")[:2]
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _version() -> str:
    try:
        return metadata(NAME)["Version"]
    except PackageNotFoundError:
        return "0"


def _pack(folder: Path, archive: Path) -> None:
    """Owners and times are left out: the same files give the same archive on every machine."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    _say("packing")
    with tarfile.open(archive, "w:gz", compresslevel=GZIP_LEVEL) as tar:
        tar.add(folder, arcname=folder.name, filter=plain)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
