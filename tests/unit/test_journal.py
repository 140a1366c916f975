"""The journal: what was written stays, whatever happens to the process, the disk or a line."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from autograder.errors import JournalError
from autograder.grade.journal import Journal
from autograder.grade.models import OutcomeRecord, PartResult, Record, Result


def record(learner: str = "anna", earned: float = 2.0) -> Record:
    part = PartResult(name="peak", earned=earned, max_points=3, state="graded")
    result = Result(
        key="k",
        learner=learner,
        exercise="accelerator/roofline",
        status="graded",
        sentence="",
        parts=(part,),
        sealed=True,
    )
    return Record(result=result)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def filled(path: Path, *learners: str) -> None:
    with Journal(path) as journal:
        for learner in learners:
            journal.append(record(learner))


def test_records_come_back_as_they_were_written_in_order(path: Path) -> None:
    with Journal(path) as journal:
        written = [journal.append(record(learner, earned)) for learner, earned in [("anna", 0.1), ("bert", 2.7)]]
    assert [r.seq for r in written] == [1, 2]
    assert Journal(path).records() == written
    assert written[0].journal == written[1].journal != ""


def test_numbers_go_on_after_a_restart(path: Path) -> None:
    filled(path, "anna", "bert")
    with Journal(path) as journal:
        assert journal.append(record("carl")).seq == 3
    assert [r.seq for r in Journal(path).records()] == [1, 2, 3]


def test_the_latest_record_of_each_learner_and_exercise_counts(path: Path) -> None:
    with Journal(path) as journal:
        journal.append(record("anna", 1))
        journal.append(record("bert", 2))
        last = journal.append(record("anna", 3))
    latest = Journal(path).latest()
    assert latest["anna", "accelerator/roofline"] == last
    assert len(latest) == 2


def test_a_second_writer_gets_a_clear_error_and_readers_do_not(path: Path) -> None:
    with Journal(path) as journal:
        journal.append(record())
        with pytest.raises(JournalError, match="another process is writing"):
            Journal(path).open()
        assert len(Journal(path).records()) == 1
    Journal(path).open().close()


def test_the_lock_of_a_killed_writer_is_free(path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path; from autograder.grade.journal import Journal; "
        "Journal(Path(sys.argv[1])).open(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False, timeout=60)
    assert done.returncode == -9
    filled(path, "anna")
    assert len(Journal(path).records()) == 1


def test_a_torn_last_line_is_put_aside_and_writing_goes_on(path: Path) -> None:
    filled(path, "anna", "bert")
    whole = path.read_bytes()
    path.write_bytes(whole[:-25])
    assert [r.learner for r in Journal(path).records()] == ["anna"], "a reader does not touch the file"
    with Journal(path) as journal:
        assert journal.append(record("carl")).seq == 2
    assert [r.learner for r in Journal(path).records()] == ["anna", "carl"]
    (aside,) = path.parent.glob("journal.jsonl.torn-*")
    assert whole.endswith(aside.read_bytes() + whole[-25:])


@pytest.mark.parametrize("change", ["flip", "garbage", "unknown key", "swapped"])
def test_a_damaged_line_counts_as_not_graded_and_the_rest_is_kept(path: Path, change: str) -> None:
    filled(path, "anna", "bert", "carl")
    lines = path.read_text().splitlines()
    if change == "flip":
        lines[2] = lines[2].replace('"earned":2.0', '"earned":3.0')
    elif change == "garbage":
        lines[2] = "\x00\xff{"
    elif change == "unknown key":
        lines[2] = json.dumps({"seq": 2, "record": {}})
    else:
        lines[2] = lines[1]
    path.write_text("\n".join(lines) + "\n")
    journal = Journal(path)
    assert [r.learner for r in journal.records()] == ["anna", "carl"]
    (damage,) = journal.damage
    assert damage.line == 3
    assert "not graded" in str(damage)


def test_the_number_of_a_damaged_last_line_is_not_given_again(path: Path) -> None:
    filled(path, "anna", "bert")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], "damaged"]) + "\n")
    with Journal(path) as journal:
        assert journal.append(record("carl")).seq == 3


def test_a_damaged_first_line_costs_no_result(path: Path) -> None:
    filled(path, "anna")
    name = Journal(path).records()[0].journal
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["damaged", *lines[1:]]) + "\n")
    with Journal(path) as journal:
        assert journal.append(record("bert")).journal == name
    assert [r.learner for r in Journal(path).records()] == ["anna", "bert"]


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("marks of last year\n")
    with pytest.raises(JournalError, match="no journal"):
        Journal(path).open()
    assert path.read_text() == "marks of last year\n"


def test_a_full_disk_loses_nothing_and_says_what_to_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    with Journal(path) as journal:
        journal.append(record("anna"))
        before = path.read_bytes()

        def full(fd: int, data: bytes, offset: int) -> int:
            if len(data) > 100:
                return real(fd, data[:100], offset)
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(JournalError, match=r"mend: +make room"):
            journal.append(record("bert"))
        assert path.read_bytes() == before
        monkeypatch.setattr(os, "pwrite", real)
        assert journal.append(record("bert")).seq == 2
    assert [r.learner for r in Journal(path).records()] == ["anna", "bert"]


def test_a_really_full_disk_leaves_a_valid_journal(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")
    try:
        with Journal(disk / "journal.jsonl") as journal:
            with pytest.raises(JournalError, match="the disk is full"):
                [journal.append(record(f"learner-{number}")) for number in range(2_000)]
            kept = journal.records()
            assert len(kept) > 10
            assert journal.damage == ()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_mark_above_its_points_or_not_a_number_is_no_result() -> None:
    for earned in (3.5, float("nan"), -1.0):
        with pytest.raises(ValidationError):
            PartResult(name="peak", earned=earned, max_points=3, state="graded")


def test_texts_of_an_outcome_are_cut_and_made_printable() -> None:
    class Outcome:
        check, title, visible, points, earned, state = "c", "t", True, 1, 0, "failed"
        message, expected, came, given, hints = "m\x00\u202e", "e" * 10_000, "\ud800", None, ["h"]

    kept = OutcomeRecord.of(Outcome())
    assert kept.message == "m\ufffd\ufffd"
    assert len(kept.expected) <= 4_000
    assert kept.came == "\ufffd"
    assert kept.given == ""
