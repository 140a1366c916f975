"""`autograder catalogue`: one page about all courses that needs no server, and their notebooks beside it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.site.measured import measurements
from autograder.site.page import duration
from tests.integration.small_project import make_project
from workbench import shelf
from workbench.course_card import CARD
from workbench.shelf import LIST, NOTEBOOKS, PAGE, read_shelf

ROOT = Path(__file__).parents[2]
HOSTILE = '<script>alert(1)</script> & "quotes" \N{RIGHT-TO-LEFT OVERRIDE}'
UNITS = [
    ("alpha/first", "First steps", []),
    ("alpha/second", HOSTILE, ["alpha/first"]),
    ("alpha/third", "Third steps", ["alpha/first", "alpha/second"]),
    ("beta/other", "Other matters", ["alpha/third"]),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("project"), UNITS, lessons=["alpha/introduction", "alpha/first"])
    run = {
        "date": "2026-01-02T03:04:05+00:00",
        "machine": {"processor": "P<1>", "cores": 2, "memory_gib": 8, "gpus": []},
    }
    row = {"name": "alpha/first", "status": "passed", "wall_s": 12.4, "memory_peak_mib": 345.6}
    rows = [{**row, "kind": "lesson"}, {**row, "kind": "exercise solved", "status": "failed"}]
    (root / "build" / "alpha").mkdir(parents=True)
    (root / "build" / "alpha" / "run-laptop.json").write_text(json.dumps({**run, "notebooks": rows}))
    return root


@pytest.fixture(scope="module")
def out(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "catalogue"
    make(project, folder)
    return folder


def make(project: Path, folder: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        done = CliRunner().invoke(main, ["catalogue", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return done.output


class Read(HTMLParser):
    """Ids, links, text and what a page would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        if "id" in named:
            self.ids.append(named["id"] or "")
        if tag == "a":
            self.links.append(named.get("href") or "")
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "action")]
        self.fetched += [named.get("href") or ""] if tag in ("link", "image", "use") else []

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_names_every_unit_and_fetches_nothing(out: Path) -> None:
    text = (out / PAGE).read_text()
    page = Read(text)
    assert page.fetched == [] and "http" not in re.sub(r'xmlns="[^"]*"|http-equiv', "", text)
    assert "default-src &#39;none&#39;" in text
    for name, title, _ in UNITS:
        assert name in page.text and " ".join(title.split()) in " ".join(page.text.split())
    assert page.tags.count("script") == 1 and "<script>alert" not in text


def test_a_course_is_begun_with_its_introduction_and_has_its_minutes(out: Path) -> None:
    text = " ".join(Read((out / PAGE).read_text()).text.split())
    assert text.count("Begin with the introduction") == 1
    assert "“Counting in alpha/introduction” (alpha/introduction, 15 min)" in text


def test_every_link_leads_to_an_id_and_no_id_is_there_twice(out: Path) -> None:
    page = Read((out / PAGE).read_text())
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_what_builds_on_what_stands_in_the_map_and_in_words(out: Path) -> None:
    text = (out / PAGE).read_text()
    assert text.count('class="arrow"') == 4
    assert text.count("<rect") == len(UNITS)
    words = text[text.index("The same in words") :]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in re.findall(r"<tr>.*?</tr>", words, re.S)]
    (third,) = [row for row in rows if row.strip().startswith("Third steps")]
    assert "First steps; " in third and third.strip().endswith("Other matters")


def test_measured_times_are_of_runs_that_passed_with_machine_and_date(out: Path) -> None:
    text = (out / PAGE).read_text()
    assert "P&lt;1&gt;, 2 cores, 8 GiB, no GPU, 2026-01-02" in text
    assert text.count('<td class="number">12</td><td class="number">346</td>') == 1
    assert text.count("was not measured yet") == len(UNITS) - 1


def test_the_published_measurements_are_read_where_nobody_ran_anything(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "run-times.md").write_text((ROOT / "docs" / "run-times.md").read_text())
    found = measurements(tmp_path, "accelerator")["accelerator/roofline"]
    assert {ran.kind for ran in found} == {"lesson", "lesson solved", "exercise solved"}
    assert all(ran.wall_s > 1 and ran.memory_mib > 100 and "cores" in ran.machine and ran.date for ran in found)


def test_the_shelf_holds_what_is_released_and_nothing_hidden(out: Path) -> None:
    made = read_shelf(out)
    lessons = {"alpha/introduction/lesson", "alpha/first/lesson"}
    assert set(made.pieces) == lessons | {f"{name}/exercise" for name, _, _ in UNITS}
    released = {"first.ipynb", "checks.py", "probes/input_after_call.py", "data/celsius.txt"}
    assert set(made.pieces["alpha/first/exercise"].files) == released
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    of_pieces = {f"{NOTEBOOKS}/{piece.name}/{file}" for piece in made.pieces.values() for file in (*piece.files, CARD)}
    assert there == {LIST, PAGE, *of_pieces, *(f"{NOTEBOOKS}/{course}/{CARD}" for course in ("alpha", "beta"))}
    assert not any(b"BEGIN SOLUTION" in (out / name).read_bytes() for name in there)
    assert [card.course for card in made.courses] == ["alpha", "beta"]


def test_two_makings_are_byte_equal(project: Path, out: Path, tmp_path: Path) -> None:
    make(project, tmp_path / "again")
    for path in out.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(out)).read_bytes()


def test_another_folder_is_never_replaced_and_a_mistake_changes_nothing(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        done = CliRunner().invoke(main, ["catalogue", "--out", str(tmp_path / "mine")])
    assert done.exit_code == 1 and "holds something else" in done.output
    assert (tmp_path / "mine" / "work.txt").read_text() == "work"


def test_a_checkout_makes_its_shelf_once_and_again_when_a_source_has_changed(project: Path) -> None:
    folder = shelf.make_shelf(project)
    first = (folder / LIST).stat().st_mtime_ns
    assert shelf.make_shelf(project) == folder
    assert (folder / LIST).stat().st_mtime_ns == first
    yaml_file = project / "exercises" / "beta" / "other" / "exercise.yaml"
    whole = yaml_file.read_text()
    yaml_file.write_text(whole.replace("Other matters", "Other things"))
    shelf.make_shelf(project)
    assert "Other things" in (folder / PAGE).read_text()
    yaml_file.write_text("titel: wrong\n")
    with pytest.raises(shelf.ShelfError, match="could not be made") as refused:
        shelf.make_shelf(project)
    assert "beta/other/exercise.yaml" in refused.value.came
    assert "Other things" in (folder / PAGE).read_text()
    yaml_file.write_text(whole)


def test_durations_are_told_in_hours_and_minutes() -> None:
    assert [duration(minutes) for minutes in (0, 45, 60, 125)] == ["0 min", "45 min", "1 h", "2 h 5 min"]
