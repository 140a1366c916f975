"""Full names from hub.yaml in the gradebook: formgrader lists people by them."""

import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.exchange.client import NAMES_VARIABLE
from autograder.exchange.plugin.names import book_names
from autograder.hub.hub import Hub
from autograder.hub.server_files import names_file, write_server_files
from tests.integration.hub_here import SETTINGS, write_hub_yaml


def test_names_of_those_whose_work_is_there_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"lea": "Lea Maria Learner", "plato": "Plato", "luca": "Luca Learner"}
    (tmp_path / "names.json").write_text(json.dumps(names))
    monkeypatch.setenv(NAMES_VARIABLE, str(tmp_path / "names.json"))
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_student("ben", first_name="Ben")
        book_names(book, {"lea", "plato", "ben"})
        found = {one.id: (one.first_name, one.last_name) for one in book.students}
    assert found == {"lea": ("Lea Maria", "Learner"), "plato": ("", "Plato"), "ben": ("Ben", None)}


@pytest.mark.parametrize("place", ["", "/no/such/file"])
def test_without_a_hub_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv(NAMES_VARIABLE, place)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book_names(book, {"lea"})
        assert book.students == []


def test_a_course_is_told_the_names_of_its_own_learners_alone(tmp_path: Path) -> None:
    people = {**SETTINGS["people"], "lea": {"full_name": "Lea Learner"}, "lina": {"full_name": "Lina Learner"}}
    hub = Hub.open(write_hub_yaml(tmp_path, {**SETTINGS, "people": people}))
    hub.places.make()
    write_server_files(hub.settings, hub.places)
    told = {name: json.loads(names_file(hub.places, name).read_text()) for name in ("dask", "accelerator")}
    assert told == {"dask": {"lea": "Lea Learner"}, "accelerator": {"lina": "Lina Learner"}}
