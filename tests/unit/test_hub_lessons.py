"""What a learner finds on a hub: own copies of the lessons, never over work, and the page that lists them."""

import shutil
from pathlib import Path

import pytest

from workbench.course_card import CARD, Card, Unit, card_near
from workbench.hub_lessons import BESIDE, PAGE, put_lessons, read_served
from workbench.learner_folder import FolderError

UNITS = (Unit("arrays", "Arrays | <b>big</b>", 40, 20, (), ("sum",)), Unit("skew", "Skew", 50, 0, ("dask/arrays",), ()))
NOTEBOOK = "lessons/dask/arrays/lesson/arrays.ipynb"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The lessons of one course as its directory has them: an introduction, and a unit's with data."""
    folder = tmp_path / "served" / "dask"
    (folder / "data" / "arrays").mkdir(parents=True)
    (folder / CARD).write_bytes(Card("dask", "Dask", "", UNITS).to_json())
    (folder / "introduction.ipynb").write_text("begin")
    (folder / "arrays.ipynb").write_text("lesson 1")
    (folder / "data" / "arrays" / "rows.csv").write_text("1,2")
    return folder.parent


@pytest.fixture
def home(tmp_path: Path, served: Path) -> Path:
    (tmp_path / "home").mkdir()
    put_lessons(tmp_path / "home", served)
    return tmp_path / "home"


def test_each_lesson_lies_in_a_folder_of_its_own_with_its_data_and_card(home: Path) -> None:
    assert (home / NOTEBOOK).read_text() == "lesson 1"
    assert (home / NOTEBOOK).with_name("data").joinpath("arrays", "rows.csv").read_text() == "1,2"
    assert (home / NOTEBOOK).with_name(CARD).is_file()
    found = card_near("dask", home)
    assert found is not None and found.title == "Dask", "wb.progress finds the course from the home"


def test_the_page_links_lessons_and_names_exercises_as_text(home: Path) -> None:
    page = (home / PAGE).read_text()
    assert "Begin with the [introduction](lessons/dask/introduction/lesson/introduction.ipynb)." in page
    assert rf"| Arrays \| \<b\>big\</b\> | [arrays]({NOTEBOOK}), 20 min | arrays, 40 min | – |" in page
    assert "| Skew | – | skew, 50 min | arrays |" in page
    for link in page.split("](")[1:]:
        assert (home / link.split(")")[0]).is_file()


def test_what_a_learner_wrote_stays_and_a_newer_release_lies_beside_it(home: Path, served: Path) -> None:
    (home / NOTEBOOK).write_text("mine")
    put_lessons(home, served)
    assert (home / NOTEBOOK).read_text() == "mine"
    (served / "dask" / "arrays.ipynb").write_text("lesson 2")
    put_lessons(home, served)
    assert (home / NOTEBOOK).read_text() == "mine"
    assert (home / "lessons/dask/arrays/lesson.new-release/arrays.ipynb").read_text() == "lesson 2"


def test_an_untouched_lesson_becomes_the_newer_one(home: Path, served: Path) -> None:
    (served / "dask" / "arrays.ipynb").write_text("lesson 2")
    put_lessons(home, served)
    assert (home / NOTEBOOK).read_text() == "lesson 2"


def test_a_page_that_somebody_wrote_into_stays(home: Path, served: Path) -> None:
    put_lessons(home, served)
    assert not (home / BESIDE).exists()
    (home / PAGE).write_text("my notes")
    put_lessons(home, served)
    assert (home / PAGE).read_text() == "my notes"
    assert "Start here" in (home / BESIDE).read_text()


def test_the_link_of_an_earlier_kit_makes_room(tmp_path: Path, served: Path) -> None:
    home = tmp_path / "old"
    home.mkdir()
    (home / "lessons").symlink_to(served)
    put_lessons(home, served)
    assert not (home / "lessons").is_symlink() and (home / NOTEBOOK).is_file()
    assert (served / "dask" / "arrays.ipynb").is_file(), "what the link led to is as it was"


def test_a_file_in_the_way_is_told_and_stays(tmp_path: Path, served: Path) -> None:
    home = tmp_path / "other"
    home.mkdir()
    (home / "lessons").write_text("mine")
    with pytest.raises(FolderError, match="cannot be written"):
        put_lessons(home, served)
    assert (home / "lessons").read_text() == "mine"


def test_a_course_whose_card_cannot_be_read_stops_no_other(home: Path, served: Path) -> None:
    shutil.copytree(served / "dask", served / "broken")
    (served / "broken" / CARD).write_text("{")
    put_lessons(home, served)
    assert [card.course for card in read_served(served).courses] == ["dask"]
    assert not (home / "lessons" / "broken").exists()


def test_without_lessons_nothing_is_put(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    put_lessons(tmp_path / "home", tmp_path / "nothing")
    assert list((tmp_path / "home").iterdir()) == []
