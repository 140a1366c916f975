"""A bundle with one damaged bit installs nothing and says which file is damaged."""

import hashlib
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from workbench.bundling import BundleError, make_bundle
from workbench.offline.install import SUMS, damage, sums
from workbench.shelf import Shelf

OFFLINE = Path(__file__).parents[2] / "workbench" / "offline"
PYTHON = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle without packages: its installation would end at pip, if it got so far."""
    folder = tmp_path / "bundle"
    for name, content in {
        "requirements.txt": b"no-such-package==1\n",
        "wheels/some-1-py3-none-any.whl": bytes(range(256)) * 4,
        "shelf/shelf.json": b"{}",
        "README.txt": b"Read me.\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name in ("install.sh", "install.py"):
        (folder / name).write_text((OFFLINE / name).read_text().replace("@PYTHON@", PYTHON))
    (folder / SUMS).write_bytes(sums(folder))
    return folder


def install(bundle: Path) -> "subprocess.CompletedProcess[str]":
    """Runs install.sh with this interpreter, into a folder beside the bundle."""
    return subprocess.run(
        ["sh", str(bundle / "install.sh"), str(bundle.parent / "venv")],
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_an_undamaged_bundle_is_well_and_known_to_sha256sum(bundle: Path) -> None:
    assert damage(bundle) == ""
    checked = subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=bundle, capture_output=True, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    "name", ["requirements.txt", "wheels/some-1-py3-none-any.whl", "shelf/shelf.json", "README.txt"]
)
@pytest.mark.parametrize("bit", [0, 7])
def test_one_bit_changed_in_a_file_is_refused_by_its_name(bundle: Path, name: str, bit: int) -> None:
    flip(bundle / name, bit)
    done = install(bundle)
    assert done.returncode != 0
    assert name in done.stderr and "damaged" in done.stderr and "Nothing was installed" in done.stderr
    assert not (bundle.parent / "venv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["install.sh", "install.py", SUMS])
def test_one_bit_changed_in_what_checks_is_refused_wherever_it_is(bundle: Path, name: str) -> None:
    whole = (bundle / name).read_bytes()
    for bit in random.Random(name).sample(range(8 * len(whole)), 15):
        flip(bundle / name, bit)
        done = install(bundle)
        assert done.returncode != 0, (bit, done.stdout)
        assert "SHA256SUMS" in done.stderr or name in done.stderr, (bit, done.stderr)
        assert not (bundle.parent / "venv").exists(), bit
        (bundle / name).write_bytes(whole)


def test_the_second_check_finds_every_bit_of_the_list(bundle: Path) -> None:
    whole = (bundle / SUMS).read_bytes()
    for bit in range(8 * len(whole)):
        flip(bundle / SUMS, bit)
        assert damage(bundle), bit
        (bundle / SUMS).write_bytes(whole)


def test_a_missing_a_further_and_a_linked_file_are_each_named(bundle: Path) -> None:
    (bundle / "wheels" / "other.whl").write_bytes(b"")
    assert "wheels/other.whl is not among the files" in damage(bundle)
    (bundle / "wheels" / "other.whl").unlink()
    shutil.move(bundle / "README.txt", bundle.parent / "README.txt")
    assert "README.txt is missing" in damage(bundle)
    (bundle / "README.txt").symlink_to(bundle.parent / "README.txt")
    assert "README.txt is not the file that was bundled" in damage(bundle)


def test_a_failed_installation_leaves_nothing(bundle: Path) -> None:
    done = install(bundle)
    assert done.returncode != 0
    assert "no-such-package" in done.stderr and "Nothing was installed" in done.stderr
    assert not (bundle.parent / "venv").exists()


def test_a_folder_with_something_in_it_is_not_installed_over(bundle: Path) -> None:
    (bundle.parent / "venv").mkdir()
    (bundle.parent / "venv" / "mine").write_text("mine")
    done = install(bundle)
    assert "not empty" in done.stderr and done.returncode != 0
    assert (bundle.parent / "venv" / "mine").read_text() == "mine"


def test_another_python_is_refused_with_the_one_that_is_needed(bundle: Path) -> None:
    script = (bundle / "install.sh").read_text().replace(PYTHON, "3.99")
    (bundle / "install.sh").write_text(script)
    (bundle / SUMS).write_bytes(sums(bundle))
    done = install(bundle)
    assert "Python 3.99 is needed" in done.stderr and done.returncode != 0


def test_the_list_is_made_of_plain_hashes(bundle: Path) -> None:
    first = sums(bundle).decode().splitlines()[0]
    assert first == f"{hashlib.sha256(b'Read me.' + bytes([10])).hexdigest()}  README.txt"


FULL = ["bwrap", "--dev-bind", "/", "/", "--size", "300000", "--tmpfs", "/full", "--die-with-parent"]


@pytest.mark.needs_sandbox
def test_on_a_full_disk_nothing_is_installed_and_nothing_is_left(bundle: Path) -> None:
    script = f"{sys.executable} -I {bundle / 'install.py'} /full/venv; echo status $?; ls -A /full"
    done = subprocess.run([*FULL, "sh", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert "the disk is full: make room" in done.stderr and "Nothing was installed." in done.stderr, done.stderr
    assert done.stdout.splitlines()[-1] == "status 1", done.stdout


@pytest.mark.needs_sandbox
def test_a_bundle_for_a_full_disk_is_refused_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from workbench import bundling; from workbench.errors import KitError\n"
        "def fill(folder, *_): folder.mkdir(); (folder / 'wheel').write_bytes(b'x' * 900_000)\n"
        "bundling.fill_bundle = fill\n"
        "try: bundling.make_bundle(Path('/full/kit.tar.gz'), None)\n"
        "except KitError as error: print(error)\n"
        "print(list(Path('/full').iterdir()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*FULL, sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert "the bundle could not be written" in done.stdout and "make room" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_bundle_for_a_folder_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="could not be written") as refused:
        make_bundle(tmp_path / "nowhere" / "kit.tar.gz", cast(Shelf, None))
    assert "nowhere" in str(refused.value)
