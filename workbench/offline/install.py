"""The second half of a bundle's install.sh: checks every file, then installs into a new virtual environment.

Runs with any Python of the bundle's version and the standard library alone.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

SUMS = "SHA256SUMS"
REQUIREMENTS = "requirements.txt"
SHARE = Path("share", "ai-factory-course-kit")  # below the environment: workbench.shelf and workbench.doctor look there


def main(bundle: Path, target: Path) -> None:
    """Installs, or exits with a sentence and leaves nothing behind."""
    problem = damage(bundle)
    if problem:
        sys.exit(f"install: this bundle is damaged: {problem}. Copy the archive again.\nNothing was installed.")
    if target.exists() and any(target.iterdir()):
        sys.exit(f"install: {target} exists already and is not empty; name another folder.\nNothing was installed.")
    try:
        print(f"Installing into {target}; this takes a minute or two.", flush=True)
        venv.create(target, with_pip=True, symlinks=True)
        pip = [str(target / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-input", "--root-user-action=ignore", "--no-index", f"--find-links={bundle / 'wheels'}"]
        subprocess.run([*pip, "--requirement", str(bundle / REQUIREMENTS)], check=True)
        shutil.copytree(bundle / "shelf", target / SHARE / "shelf")
        shutil.copyfile(bundle / REQUIREMENTS, target / SHARE / "pins.txt")
    except (OSError, subprocess.SubprocessError, KeyboardInterrupt) as error:
        shutil.rmtree(target, ignore_errors=True)
        said = (getattr(error, "output", None) or b"").decode(errors="replace").strip()
        is_full = getattr(error, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in said
        mend = "the disk is full: make room, about 3 GiB" if is_full else said[-1000:] or "what was said stands above"
        sys.exit(f"install: it failed: {error} ({mend}).\nNothing was installed.")
    program = target / "bin" / "workbench"
    print(f"Installed. Now:\n  {program} doctor\n  {program} start")


def damage(bundle: Path) -> str:
    """What is wrong with the files, in words; "" where all are as they were bundled.

    The list is made anew from the files and must be the same to the byte: a damaged list is found as well.
    """
    listed = (bundle / SUMS).read_bytes()
    if listed == sums(bundle):
        return ""
    told = dict(_lines(listed))
    there = dict(_lines(sums(bundle)))
    for name in sorted({*told, *there}):
        if name not in there:
            return f"{name} is missing, or its line in {SUMS} is damaged"
        if name not in told:
            return f"{name} is not among the files in {SUMS}"
        if told[name] != there[name]:
            return f"{name} is not the file that was bundled (its checksum is not the one in {SUMS})"
    return f"{SUMS} is not as it was bundled"


def sums(bundle: Path) -> bytes:
    """SHA256SUMS, as `sha256sum --check` reads it, of the files that are there."""
    paths = sorted(path for path in bundle.rglob("*") if path.is_symlink() or not path.is_dir())
    lines = [f"{_sha256(path)}  {path.relative_to(bundle).as_posix()}\n" for path in paths if path != bundle / SUMS]
    return "".join(lines).encode()


def _sha256(path: Path) -> str:
    if path.is_symlink():
        return "a link"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(text: bytes) -> list[tuple[str, str]]:
    pairs = [line.partition("  ") for line in text.decode("utf-8", "replace").splitlines()]
    return [(name, sha256) for sha256, _, name in pairs]


if __name__ == "__main__":
    main(Path(__file__).resolve().parent, Path(sys.argv[1]).absolute())
