"""`wb.progress`: what is told of a course, what comes next by prerequisites, and what is noted in which notebook."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from workbench import notes, records
from workbench.course_card import CARD, Card, Unit, card_here, card_near, read_card
from workbench.records import PartRecord, UnitRecord
from workbench.standing import NOT_NOTED, ProgressError, as_html, as_text, next_step, standing

FIRST = Unit("first", "First <steps>", 30, 20, (), ("sums", "means"))
SECOND = Unit("second", "Second", 40, 15, ("demo/first",), ("joins",))
THIRD = Unit("third", "Third", 50, 0, ("other/base",), ("skew",))
CARD_OF_DEMO = Card("demo", "A demo", "", (FIRST, SECOND, THIRD))


def part(*, passed: bool, n_visible: int = 2) -> PartRecord:
    return PartRecord(n_visible, 1, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z" if passed else None)


def told(**units: UnitRecord) -> str:
    """The next step after these records."""
    known = {"demo": units, "other": {"base": UnitRecord(parts={"a": part(passed=True)})}}
    return next_step(CARD_OF_DEMO, standing(CARD_OF_DEMO, lambda course: known[course]))


READ = UnitRecord(read_at="2026-01-01T00:00:00Z")
ALL = UnitRecord(parts={"sums": part(passed=True), "means": part(passed=True)})


def test_the_next_step_follows_the_order_and_what_was_started() -> None:
    assert told() == "Next: the lesson demo/first, “First <steps>” (20 minutes)."
    assert told(first=READ) == "Next: the exercise demo/first, “First <steps>” (30 minutes)."
    some = UnitRecord(parts={"sums": part(passed=True), "means": part(passed=False)})
    assert told(first=some) == "Next: in the exercise demo/first, the part means."
    assert told(first=ALL) == "Next: the lesson demo/second, “Second” (15 minutes)."
    joins = UnitRecord(parts={"joins": part(passed=True)})
    assert told(first=ALL, second=joins) == "Next: the exercise demo/third, “Third” (50 minutes)."
    skew = UnitRecord(parts={"skew": part(passed=True)})
    assert told(first=ALL, second=joins, third=skew) == "You have passed all units of this course."


def test_what_was_started_comes_before_what_was_not_and_a_unit_waits_for_what_it_needs() -> None:
    assert "demo/third, the part skew" in told(third=UnitRecord(parts={"skew": part(passed=False)}))
    _, second, third = standing(CARD_OF_DEMO, lambda _course: {})
    assert second.missing == ("demo/first",) and third.missing == ("other/base",)


def test_where_everything_waits_for_another_course_that_is_named() -> None:
    card = Card("demo", "A demo", "", (THIRD,))
    assert next_step(card, standing(card, lambda _course: {})) == "Next: other/base, which demo/third needs."


def test_a_part_without_visible_checks_is_done_when_it_was_tried() -> None:
    record = UnitRecord(parts={"sums": part(passed=True), "means": part(passed=False, n_visible=0)})
    first, *_ = standing(CARD_OF_DEMO, lambda _course: {"first": record})
    assert first.is_passed


def test_text_and_page_say_the_same_without_colour_and_escape_titles() -> None:
    record = UnitRecord(parts={"sums": part(passed=True), "means": part(passed=False)})
    standings = standing(CARD_OF_DEMO, lambda _course: {"first": record})
    text, page = as_text(CARD_OF_DEMO, standings), as_html(CARD_OF_DEMO, standings)
    for words in ("A demo: 0 of 3 units passed", "… started", "– not yet", "1 of 2 parts passed, 2 tried", "not read"):
        assert words in text and words in page
    assert "First <steps>" in text and "First &lt;steps&gt;" in page
    assert "<td" in page and "demo/first</td>" in page


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the course's lessons, and the kernel of one that somebody has open."""
    monkeypatch.setattr(records, "_waiting", [])
    monkeypatch.setattr(notes, "_noted_lessons", set())
    for name in ("NBGRADER_EXECUTION", "WORKBENCH_LINK_FD", "WORKBENCH_RECORDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/lessons/first.ipynb")
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    (lessons / CARD).write_bytes(CARD_OF_DEMO.to_json())
    monkeypatch.chdir(lessons)
    yield lessons


def test_a_notebook_notes_what_belongs_to_its_unit(folder: Path) -> None:
    notes.lesson()
    notes.prediction("tasks", 17, None)
    notes.part("sums", [True])  # no exercise: nothing to note
    unit = records.read_units("demo")["first"]
    assert unit.read_at is not None and unit.predictions["tasks"].guess == 17 and unit.parts == {}
    (folder / CARD).write_bytes(Card("demo", "A demo", "second", CARD_OF_DEMO.units).to_json())
    notes.part("joins", [True, False])
    notes.lesson()  # no lesson
    unit = records.read_units("demo")["second"]
    assert unit.read_at is None and unit.parts["joins"].n_visible == 2 and unit.parts["joins"].passed_at is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NBGRADER_EXECUTION", "validate"),
        ("WORKBENCH_LINK_FD", "9"),
        ("WORKBENCH_RECORDS", "0"),
        ("JPY_SESSION_NAME", ""),
    ],
)
def test_nothing_is_noted_in_graded_runs_where_nobody_looks_or_where_it_is_switched_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    notes.lesson()
    monkeypatch.delenv(variable)
    assert records.read_units("demo") == {}


def test_a_run_where_nobody_looks_is_noted_where_a_file_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.setenv("WORKBENCH_RECORDS", str(folder / "asked.sqlite"))
    (folder / CARD).write_bytes(Card("demo", "A demo", "first", CARD_OF_DEMO.units).to_json())
    notes.part("sums", [True])
    assert records.read_units("demo")["first"].parts["sums"].passed_at is not None


def test_a_copy_of_a_lesson_under_another_name_notes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/lessons/first-Copy1.ipynb")
    notes.lesson()
    assert records.read_units("demo") == {}


def test_progress_tells_of_this_notebooks_course_or_of_one_nearby(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wb.progress()
    told = capsys.readouterr().out
    assert "A demo: 0 of 3 units passed" in told and NOT_NOTED not in told
    monkeypatch.chdir(folder.parent)
    wb.progress("demo")
    assert "A demo: 0 of 3 units passed" in capsys.readouterr().out
    with pytest.raises(ProgressError, match="belongs to no course") as caught:
        wb.progress()
    assert caught.value._render_traceback_() == [str(caught.value)]
    with pytest.raises(ProgressError, match="Nothing is known of this course"):
        wb.progress("nowhere")


@pytest.mark.parametrize(("variable", "value"), [("JPY_SESSION_NAME", ""), ("WORKBENCH_RECORDS", "0")])
def test_progress_says_where_this_run_records_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    wb.progress()
    assert NOT_NOTED in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "units": [{"x": 1}]}', "\xff", "9" * 5000]
)
def test_a_card_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD).write_bytes(text.encode("latin-1"))
    assert read_card(tmp_path / CARD) is None
    assert card_near("demo", tmp_path) is None


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / CARD).write_bytes(CARD_OF_DEMO.to_json())
    assert card_here(tmp_path) == CARD_OF_DEMO
