"""`workbench start` puts released notebooks into a folder, and never over somebody's work."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.course_card import CARD, Card, Unit
from workbench.learner_folder import FolderError, Put, fill
from workbench.shelf import FORMAT, LIST, NOTEBOOKS, PAGE, Piece, Shelf, ShelfError, read_shelf
from workbench.start_page import BESIDE, START, write_start_page

EXERCISE = "dask/tables/exercise"
FILES = {"tables.ipynb": b"notebook 1", "checks.py": b"checks 1", "probes/p.py": b"probe"}


def make_shelf(folder: Path, files: dict[str, bytes], title: str = "Tables | <b>of</b> *all* kinds") -> Shelf:
    """A shelf with one exercise, in place of the one that was there."""
    shutil.rmtree(folder, ignore_errors=True)
    place = folder / NOTEBOOKS / EXERCISE
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    card = Card("dask", title, "", (Unit("tables", title, 30, 0, ("dask/first",), ("sum",)),))
    for target in (folder / NOTEBOOKS / "dask", place):
        (target / CARD).write_bytes(card.to_json())
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    data = {"format": FORMAT, "kit": "1", "sources": "", "courses": ["dask"], "pieces": {EXERCISE: hashes}}
    (folder / LIST).write_text(json.dumps(data))
    (folder / PAGE).write_text("<!DOCTYPE html>")
    return read_shelf(folder)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return make_shelf(tmp_path / "shelf", FILES)


@pytest.fixture
def home(tmp_path: Path, shelf: Shelf) -> Path:
    """A folder that was filled once."""
    assert fill(tmp_path / "home", shelf) == [Put("new", EXERCISE)]
    return tmp_path / "home"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_files_are_put_there_with_the_card_and_the_page(home: Path) -> None:
    there = contents(home / EXERCISE)
    assert there.pop(CARD)
    assert there == FILES
    assert (home / "catalogue.html").is_file() and (home / "dask" / CARD).is_file()


def test_a_second_time_changes_nothing(home: Path, shelf: Shelf) -> None:
    before = contents(home)
    assert fill(home, shelf) == [Put("there", EXERCISE)]
    assert contents(home) == before


def test_work_stays_and_the_newer_release_goes_beside_it_as_a_whole(home: Path, tmp_path: Path) -> None:
    work = home / EXERCISE / "tables.ipynb"
    work.write_bytes(b"my answers")
    (home / EXERCISE / "notes.txt").write_bytes(b"mine")
    before = contents(home / EXERCISE)
    newer = make_shelf(tmp_path / "shelf", {**FILES, "checks.py": b"checks 2"})
    assert fill(home, newer) == [Put("beside", f"{EXERCISE}.new-release", EXERCISE)]
    assert contents(home / EXERCISE) == before
    beside = contents(home / f"{EXERCISE}.new-release")
    assert beside.pop(CARD) and beside == {**FILES, "checks.py": b"checks 2"}
    assert fill(home, newer) == [Put("there", f"{EXERCISE}.new-release")]


def test_work_on_two_releases_makes_a_third_folder(home: Path, tmp_path: Path) -> None:
    (home / EXERCISE / "tables.ipynb").write_bytes(b"my answers")
    fill(home, make_shelf(tmp_path / "shelf", {**FILES, "checks.py": b"checks 2"}))
    (home / f"{EXERCISE}.new-release" / "tables.ipynb").write_bytes(b"my other answers")
    (put,) = fill(home, make_shelf(tmp_path / "shelf", {**FILES, "checks.py": b"checks 3"}))
    assert put == Put("beside", f"{EXERCISE}.new-release-2", EXERCISE)
    assert (home / EXERCISE / "tables.ipynb").read_bytes() == b"my answers"
    assert (home / f"{EXERCISE}.new-release" / "tables.ipynb").read_bytes() == b"my other answers"


def test_what_nobody_worked_on_becomes_the_newer_release_and_own_files_stay(home: Path, tmp_path: Path) -> None:
    (home / EXERCISE / "notes.txt").write_bytes(b"mine")
    newer = {"tables.ipynb": b"notebook 2", "checks.py": b"checks 1", "data/d.csv": b"1"}
    assert fill(home, make_shelf(tmp_path / "shelf", newer)) == [Put("renewed", EXERCISE)]
    there = contents(home / EXERCISE)
    assert there.pop(CARD) and there == {**newer, "notes.txt": b"mine"}


def test_a_new_file_of_a_release_does_not_replace_one_of_the_same_name(home: Path, tmp_path: Path) -> None:
    (home / EXERCISE / "notes.txt").write_bytes(b"mine")
    (put,) = fill(home, make_shelf(tmp_path / "shelf", {**FILES, "notes.txt": b"theirs"}))
    assert put.how == "beside"
    assert (home / EXERCISE / "notes.txt").read_bytes() == b"mine"


def test_a_link_in_place_of_a_file_is_work_and_what_it_points_to_is_not_written(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_bytes(b"elsewhere")
    (home / EXERCISE / "checks.py").unlink()
    (home / EXERCISE / "checks.py").symlink_to(other)
    assert fill(home, make_shelf(tmp_path / "shelf", {**FILES, "checks.py": b"checks 2"}))[0].how == "beside"
    assert other.read_bytes() == b"elsewhere"


def test_a_removed_folder_comes_back_and_so_does_a_removed_file(home: Path, shelf: Shelf) -> None:
    (home / EXERCISE / "checks.py").unlink()
    (home / EXERCISE / "tables.ipynb").write_bytes(b"my answers")
    fill(home, shelf)
    assert (home / EXERCISE / "checks.py").read_bytes() == b"checks 1"
    assert (home / EXERCISE / "tables.ipynb").read_bytes() == b"my answers"
    shutil.rmtree(home / EXERCISE)
    assert fill(home, shelf) == [Put("new", EXERCISE)]


@pytest.mark.parametrize("damage", [None, "{", '{"pieces": {"a": 1}}'])
def test_without_its_memory_every_file_that_differs_counts_as_work(
    home: Path, tmp_path: Path, damage: str | None
) -> None:
    state = home / ".workbench" / "released.json"
    if damage is None:
        state.unlink()
    else:
        state.write_text(damage)
    (put,) = fill(home, make_shelf(tmp_path / "shelf", {**FILES, "checks.py": b"checks 2"}))
    assert put.how == "beside"
    assert (home / EXERCISE / "checks.py").read_bytes() == b"checks 1"


def test_a_damaged_file_on_the_shelf_is_not_copied(tmp_path: Path, shelf: Shelf) -> None:
    (shelf.folder / NOTEBOOKS / EXERCISE / "checks.py").write_bytes(b"something else")
    with pytest.raises(ShelfError, match="damaged") as refused:
        fill(tmp_path / "home", shelf)
    assert "checks.py" in refused.value.where
    assert not (tmp_path / "home" / EXERCISE).exists()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/../../evil", "./x", ""])
def test_a_catalogue_that_names_a_file_outside_its_folder_is_refused(tmp_path: Path, shelf: Shelf, name: str) -> None:
    data = json.loads((shelf.folder / LIST).read_text())
    data["pieces"][EXERCISE][name] = "0" * 64
    (shelf.folder / LIST).write_text(json.dumps(data))
    with pytest.raises(ShelfError, match="damaged"):
        read_shelf(shelf.folder)


@pytest.mark.parametrize(("text", "what"), [("{", "damaged"), ("[]", "damaged"), ('{"format": 99}', "later kit")])
def test_a_catalogue_that_cannot_be_read_is_told(shelf: Shelf, text: str, what: str) -> None:
    (shelf.folder / LIST).write_text(text)
    with pytest.raises(ShelfError, match=what):
        read_shelf(shelf.folder)


@pytest.mark.needs_sandbox
def test_on_a_full_disk_it_says_so_and_work_is_as_it_was(tmp_path: Path) -> None:
    make_shelf(tmp_path / "shelf", {"tables.ipynb": b"1" * 300_000, "checks.py": b"2" * 900_000})
    program = (
        "import sys; from pathlib import Path; from workbench.learner_folder import *; from workbench.shelf import *\n"
        "Path('/full/own.txt').write_text('mine')\n"
        "try: fill(Path('/full/home'), read_shelf(Path(sys.argv[1])))\n"
        "except FolderError as error: print(error)\n"
        "print(Path('/full/own.txt').read_text(), Path('/full/home/dask/tables').exists(),"
        " list(Path('/full/home/.workbench').glob('put-*')))"
    )
    sandbox = ["bwrap", "--dev-bind", "/", "/", "--size", "1000000", "--tmpfs", "/full", "--die-with-parent"]
    done = subprocess.run(
        [*sandbox, sys.executable, "-c", program, str(tmp_path / "shelf")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the disk is full" in done.stdout and "make room" in done.stdout
    assert done.stdout.splitlines()[-1] == "mine False []"


def test_a_folder_that_cannot_be_made_is_told_with_another_way(tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be written") as refused:
        fill(tmp_path / "file" / "home", shelf)
    assert "workbench start FOLDER" in refused.value.mend


def test_the_start_page_links_each_notebook_and_shows_titles_as_text(home: Path, shelf: Shelf) -> None:
    page = json.loads(write_start_page(home, shelf).read_text())
    text = "\n".join(cell["source"] for cell in page["cells"])
    assert f"[exercise]({EXERCISE}/tables.ipynb), 30 min" in text
    assert r"Tables \| \<b\>of\</b\> \*all\* kinds" in text
    assert (home / EXERCISE / "tables.ipynb").is_file()
    assert "introduction" not in text


def test_the_start_page_links_the_introduction_of_a_course_that_has_one(home: Path, shelf: Shelf) -> None:
    first = Piece("dask", "introduction", "lesson", {"introduction.ipynb": "0" * 64})
    page = write_start_page(home, replace(shelf, pieces={**shelf.pieces, first.name: first})).read_text()
    assert "Begin with the [introduction](dask/introduction/lesson/introduction.ipynb)." in page


def test_a_start_page_that_somebody_wrote_into_stays(home: Path, shelf: Shelf) -> None:
    page = write_start_page(home, shelf)
    as_jupyter_saves_it = json.loads(page.read_text())
    as_jupyter_saves_it["metadata"]["language_info"]["version"] = "3.11"
    page.write_text(json.dumps(as_jupyter_saves_it))
    assert write_start_page(home, shelf).name == START
    mine = json.loads(page.read_text())
    mine["cells"][0]["source"] = "my plan"
    page.write_text(json.dumps(mine))
    assert write_start_page(home, shelf).name == BESIDE
    assert json.loads(page.read_text()) == mine
