"""Names from outside: which may travel."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.exchange.names import assignment_name, course_name, file_names, file_problem, learner_name, shown
from autograder.exchange.refusals import Malformed

LONG = "é" * 128


@pytest.mark.parametrize("name", ["unit.ipynb", "data/points 1.csv", "a/b/c/d", "Größe.txt", ".hidden", "a..b", "…"])
def test_an_ordinary_file_may_travel(name: str) -> None:
    assert file_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "..",
        "../up",
        "a/../../b",
        "a/./b",
        "a//b",
        "a/",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "a\x1b[2J",
        "a\x7f",
        "a\u202egnp.exe",
        "a\u2028b",
        "half\ud800",
        "a/" * 127 + "ab",
        LONG,
    ],
)
def test_a_file_with_such_a_name_may_not(name: str) -> None:
    with pytest.raises(Malformed) as caught:
        file_names([name])
    assert "rename" in caught.value.mend
    assert all(character.isprintable() for character in caught.value.came)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_name_that_may_travel_stays_below_its_folder_and_can_be_written(name: str) -> None:
    if file_problem(name) == "":
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        assert 0 < len(name.encode("utf-8")) <= 255
        assert not any(sign in name for sign in "\0\n\r\t\x1b\x7f\u202e\\")


@pytest.mark.parametrize("names", [["a", "b", "a"], ["a", "a/b"], ["x/y/z", "x/y"]])
def test_names_that_do_not_go_together_are_refused(names: list[str]) -> None:
    with pytest.raises(Malformed):
        file_names(names)


@pytest.mark.parametrize("name", ["timestamp.txt", "timestamp.txt/x"])
def test_the_name_of_nbgraders_own_file_is_refused_where_it_is_reserved(name: str) -> None:
    file_names([name])
    with pytest.raises(Malformed, match="own"):
        file_names([name], reserved=("timestamp.txt",))


@pytest.mark.parametrize("name", ["dask", "a-b_c.d", "9", "x" * 100])
def test_an_ordinary_course_assignment_or_learner_has_such_a_name(name: str) -> None:
    assert [check(name) for check in (course_name, assignment_name, learner_name)] == [name] * 3


def test_an_assignment_may_have_spaces_and_a_learner_an_address() -> None:
    assert assignment_name("problem set 1") == "problem set 1"
    assert learner_name("ann+test@example.org") == "ann+test@example.org"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "a\0", "a\n", "-rf", "a..b", "a.", "*", "a+b/", "ä", "x" * 101, " a", "a "]
)
def test_no_course_assignment_or_learner_has_such_a_name(name: str) -> None:
    for check in (course_name, assignment_name, learner_name):
        with pytest.raises(Malformed):
            check(name)


def test_a_name_is_shown_short_and_harmless() -> None:
    assert shown("\x1b" * 1_000).isprintable()
    assert len(shown("\x1b" * 1_000)) <= 120
