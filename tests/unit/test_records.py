"""A learner's records: what is written is read again, and what goes wrong with the file disturbs nobody."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench import records


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of records that is not there yet."""
    monkeypatch.setattr(records, "_waiting", [])
    monkeypatch.setattr(records, "_said", set())
    place = tmp_path / "share" / "progress.sqlite"
    monkeypatch.setenv("WORKBENCH_RECORDS", str(place))
    yield place


def version(file: Path) -> int:
    connection = sqlite3.connect(file)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def set_version(file: Path, number: int) -> None:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {number}")
    connection.commit()
    connection.close()


def test_what_is_noted_is_read_again_with_times_in_utc(file: Path) -> None:
    records.note_lesson("dask", "dataframes")
    records.note_part("dask", "dataframes", "join", passed=False)
    records.note_part("dask", "dataframes", "join", passed=True)
    records.note_part("dask", "dataframes", "join", passed=False)
    records.note_prediction("dask", "dataframes", "tasks", 17)
    records.note_prediction("dask", "dataframes", "tasks", 17, 64)
    records.note_lesson("training", "ranks")
    unit = records.read_units("dask")["dataframes"]
    assert unit.read_at is not None and unit.read_at.endswith("Z") and len(unit.read_at) == 20
    part = unit.parts["join"]
    assert part.tries == 3 and part.passed_at is not None  # what passed once, stays passed
    assert (unit.predictions["tasks"].guess, unit.predictions["tasks"].measured) == (17.0, 64.0)
    assert list(records.read_units("dask")) == ["dataframes"]
    assert records.read_courses() == ["dask", "training"]


def test_the_file_is_its_owners_alone_and_says_its_version(file: Path) -> None:
    records.note_lesson("dask", "dataframes")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert version(file) == records.VERSION


def test_without_a_file_nothing_is_recorded_and_none_is_made_by_reading(file: Path) -> None:
    assert records.read_units("dask") == {}
    assert records.read_courses() == []
    assert not file.parent.exists()


def test_records_can_be_switched_off(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_RECORDS", "0")
    records.note_lesson("dask", "dataframes")
    assert records.path() is None
    assert records.read_units("dask") == {}
    assert not file.exists()


def test_a_file_of_a_newer_version_stays_as_it_is_and_is_named_once(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.note_lesson("dask", "dataframes")
    set_version(file, records.VERSION + 1)
    before = file.read_bytes()
    records.note_part("dask", "dataframes", "join", passed=True)
    records.note_part("dask", "dataframes", "join", passed=True)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "version 2, and this workbench knows version 1" in said and "WORKBENCH_RECORDS" in said
    assert file.read_bytes() == before
    with pytest.raises(records.RecordsError, match="version 2"):
        records.read_units("dask")


def test_a_file_that_holds_something_else_stays_as_it_is(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.parent.mkdir()
    file.write_text("my diary\n" * 100)
    records.note_lesson("dask", "dataframes")
    assert "none of records" in capsys.readouterr().out
    assert file.read_text() == "my diary\n" * 100


def test_another_notebook_that_writes_is_waited_for_and_nothing_is_lost(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.note_lesson("dask", "dataframes")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    records.note_part("dask", "dataframes", "join", passed=True)
    assert "another notebook is writing" in capsys.readouterr().out
    other.execute("ROLLBACK")
    other.close()
    records.note_part("dask", "dataframes", "skew", passed=False)
    assert set(records.read_units("dask")["dataframes"].parts) == {"join", "skew"}
    assert capsys.readouterr().out == ""


def test_two_notebooks_that_begin_at_once_both_get_their_records(file: Path) -> None:
    barrier = threading.Barrier(4)

    def begin(number: int) -> None:
        barrier.wait()
        records.note_part("dask", f"unit-{number}", "join", passed=True)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records.note_lesson("dask", "unit-0")  # what waited for a lock comes with the next
    assert set(records.read_units("dask")) == {f"unit-{number}" for number in range(4)}


def test_a_place_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    (tmp_path / "plain").write_text("")
    monkeypatch.setenv("WORKBENCH_RECORDS", str(tmp_path / "plain" / "progress.sqlite"))
    records.note_lesson("dask", "dataframes")
    said = capsys.readouterr().out
    assert said.startswith("Your progress is not recorded") and "Your work is not affected" in said
    assert said.count("\n") == 1


def test_a_full_disk_is_one_sentence(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full stands for the disk: what is written to it fails as on a full one."""
    monkeypatch.setattr(records, "_make", lambda _place: Path("/dev/full").write_text("x"))
    records.note_lesson("dask", "dataframes")
    assert "the disk is full" in capsys.readouterr().out


@pytest.mark.parametrize("guess", [float("nan"), float("inf")])
def test_a_guess_that_is_no_finite_number_is_not_recorded(file: Path, guess: float) -> None:
    records.note_prediction("dask", "dataframes", "tasks", guess)
    assert not file.exists()


def test_numbers_of_any_size_and_names_of_any_text_disturb_nobody(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.note_prediction("dask", "dataframes", "bytes", 10**30, 10**31)
    records.note_lesson("dask", "\ud800")
    assert capsys.readouterr().out == ""
    assert set(records.read_units("dask")) == {"dataframes", "?"}
    assert records.read_units("dask")["dataframes"].predictions["bytes"].guess == 1e30
