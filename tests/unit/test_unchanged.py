"""A submission counts as unchanged by its bytes, and by all else that decides its result."""

import os
from pathlib import Path

import pytest

from autograder.grade.intake import Submission
from autograder.grade.unchanged import file_sha256, fingerprint

FACTS = ["checks", "secret", "1.0"]


@pytest.fixture
def handed_in(tmp_path: Path) -> Submission:
    folder = tmp_path / "submitted" / "ada" / "tiny"
    folder.mkdir(parents=True)
    (folder / "tiny.ipynb").write_text("{}")
    return Submission("ada", "tiny", folder)


def test_the_same_bytes_are_the_same_submission(handed_in: Submission) -> None:
    first = fingerprint(handed_in, FACTS)
    assert len(first) == 64
    os.utime(handed_in.folder / "tiny.ipynb", (1, 1))
    assert fingerprint(handed_in, FACTS) == first


def test_other_bytes_another_time_of_submission_or_other_checks_are_another(handed_in: Submission) -> None:
    seen = {fingerprint(handed_in, FACTS), fingerprint(handed_in, ["other checks", *FACTS[1:]])}
    seen.add(fingerprint(Submission("ada", "tiny", handed_in.folder, "2026-01-01T00:00:00+00:00"), FACTS))
    (handed_in.folder / "tiny.ipynb").write_text("{ }")
    seen.add(fingerprint(handed_in, FACTS))
    assert len(seen) == 4


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "nothing", "linked folder"])
def test_what_is_no_plain_file_is_never_unchanged(what: str, handed_in: Submission, tmp_path: Path) -> None:
    path = handed_in.folder / "tiny.ipynb"
    target = tmp_path / "elsewhere.ipynb"
    path.rename(target)
    if what == "link":
        path.symlink_to(target)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "linked folder":
        target.rename(path)
        handed_in.folder.rename(tmp_path / "real")
        handed_in.folder.symlink_to(tmp_path / "real")
    assert fingerprint(handed_in, FACTS) == ""


def test_a_file_of_our_own_that_is_gone_has_no_hash(tmp_path: Path) -> None:
    assert file_sha256(tmp_path / "gone") == ""
    (tmp_path / "here").write_bytes(b"abc")
    assert file_sha256(tmp_path / "here").startswith("ba7816bf")
