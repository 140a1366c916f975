"""Parts, checks and comparators: what passes, what fails, and in which words."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.checks import (
    CheckFailed,
    LearnerGone,
    NotAttempted,
    TimedOut,
    as_array,
    as_choice,
    as_dict,
    as_list,
    as_number,
    as_table,
    as_text,
    close,
    expect,
    part,
    same_table,
    show,
)
from workbench.errors import KitError
from workbench.loading import load_parts, load_probes
from workbench.running import run_part

CHECKS = """
from workbench.checks import expect, part
first_part = part("first", title="First")

@first_part.check(points=1, hints=["a", "b"])
def is_one(submission):
    expect(submission.get("n") == 1, expected=1, came=2, given=3, why="no")
"""
HIDDEN = """
from checks import first_part

@first_part.check(points=2, title="More")
def is_more(submission):
    pass
"""


def test_checks_and_hidden_checks_make_one_part(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(CHECKS)
    (tmp_path / "hidden.py").write_text(HIDDEN)
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "look.py").write_text("seen = 1\n")
    first = load_parts(tmp_path)["first"]
    assert [(check.title, check.points, check.visible) for check in first.checks] == [
        ("Is one", 1.0, True),
        ("More", 2.0, False),
    ]
    assert first.points == 3
    assert len(load_parts(tmp_path, hidden=False)["first"].checks) == 1
    assert load_probes(tmp_path) == {"look": "seen = 1\n"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CHECKS.replace("points=1", "points=0"), "worth no points"),
        (CHECKS.replace("points=1", "points=float('nan')"), "worth no points"),
        (CHECKS.replace('["a", "b"]', '["a", "b", "c"]'), "at most two hints"),
        (CHECKS.replace('["a", "b"]', '"ab"'), "at most two hints"),
        (CHECKS + CHECKS.split("\n", 3)[3], "Two checks of a part have one name"),
        (CHECKS + 'part("first", title="Again")', "Two parts have one name"),
        (CHECKS.replace('part("first"', 'part("no name"'), "letters, digits"),
        (CHECKS + "1 / 0\n", "checks.py, line 8"),
        ("def (", "checks.py, line 1"),
    ],
)
def test_a_mistake_of_the_author_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "checks.py").write_text(text)
    with pytest.raises(KitError) as caught:
        load_parts(tmp_path)
    assert told in str(caught.value)


def test_loading_leaves_no_module_behind_and_starts_afresh(tmp_path: Path) -> None:
    import sys

    (tmp_path / "checks.py").write_text(CHECKS)
    load_parts(tmp_path)
    load_parts(tmp_path)
    assert "checks" not in sys.modules


class Fake:
    """Stands for a submission."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def get(self, expression: str) -> int:
        if self.error is not None:
            raise self.error
        return 2


def outcomes_of(error: BaseException | None) -> list[Any]:
    one = part("p" + str(id(error)), title="P")

    @one.check(points=1, hints=["ask"])
    def asks(submission: Any) -> None:
        assert submission.get("n") == 1, "no"

    @one.check(points=2)
    def is_fine(submission: Any) -> None:
        return

    return run_part(one, lambda check: Fake(error))  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("error", "states", "earned"),
    [
        (None, ["failed", "passed"], 2),
        (NotAttempted("later"), ["not_attempted", "passed"], 2),
        (TimedOut("slow"), ["timed_out", "skipped"], 0),
        (LearnerGone("gone"), ["skipped", "skipped"], 0),
        (ZeroDivisionError("the author's"), ["broke", "passed"], 2),
    ],
)
def test_each_end_of_a_check_has_its_state(error: BaseException | None, states: list[str], earned: float) -> None:
    outcomes = outcomes_of(error)
    assert [outcome.state for outcome in outcomes] == states
    assert sum(outcome.earned for outcome in outcomes) == earned


def test_a_check_that_breaks_is_told_with_its_line() -> None:
    assert "ZeroDivisionError: the author's (get, line " in outcomes_of(ZeroDivisionError("the author's"))[0].message


@pytest.mark.parametrize(
    ("value", "options"),
    [
        (None, {}),
        ("text", {}),
        ({}, {}),
        ([[1, 2], [3]], {}),
        ([object()], {}),
        (np.array(["a"]), {}),
        (np.array(["2026-01-01"], dtype="M8[D]"), {}),
        (np.zeros((2, 3)), {"shape": (3, 2)}),
        (np.zeros(2), {"kind": "int"}),
        (np.zeros(2, dtype=bool), {"kind": "float"}),
        ([10**30], {"kind": "int"}),
    ],
)
def test_as_array_fails_for_what_is_no_such_array(value: Any, options: dict[str, Any]) -> None:
    with pytest.raises(CheckFailed) as caught:
        as_array(value, **options)
    assert caught.value.expected


def test_as_array_reads_lists_and_scalars() -> None:
    assert as_array([[1, 2]], shape=(1, 2), kind="int").sum() == 3
    assert as_array(3.0, shape=(), kind="float") == 3


@pytest.mark.parametrize("value", [None, "1", True, math.nan, math.inf, 10**400, [1], np.zeros(2), 1j, np.array(True)])
def test_as_number_fails_for_what_is_no_number(value: Any) -> None:
    with pytest.raises(CheckFailed):
        as_number(value)


def test_as_number_reads_whole_numbers_in_any_form() -> None:
    assert [as_number(value, kind="int") for value in (3, 3.0, np.array([3]))] == [3, 3, 3]
    with pytest.raises(CheckFailed, match="whole"):
        as_number(3.5, kind="int")


def test_the_other_readers_fail_with_what_they_wanted() -> None:
    assert as_text("a") == "a"
    assert as_list((1, 2), length=2) == as_list(np.array([1, 2])) == [1, 2]
    assert as_dict({"a": 1}, keys=["a"]) == {"a": 1}
    assert as_choice("a", ["a", "b"]) == "a"
    for attempt in (
        lambda: as_text(1),
        lambda: as_list("ab"),
        lambda: as_list([1], length=2),
        lambda: as_dict([]),
        lambda: as_dict({}, keys=["a"]),
        lambda: as_choice("c", ["a", "b"]),
        lambda: as_choice(1, ["a", "b"]),
        lambda: as_choice(["a"], ["a", "b"]),
    ):
        with pytest.raises(CheckFailed) as caught:
            attempt()
        assert not isinstance(caught.value, NotAttempted)
        assert caught.value.expected
    with pytest.raises(NotAttempted):
        as_choice(None, ["a", "b"])


@pytest.mark.parametrize(
    ("got", "want", "agree"),
    [
        (1.0 + 1e-9, 1.0, True),
        ([1.0, 2.0], [1.0, 2.0], True),
        (np.ones(3), 1.0, True),
        (np.ones(3), np.ones((1, 3)), False),
        (1.0, np.ones(3), False),
        (np.array([]), 1.0, False),
        (np.array([]), np.array([]), True),
        (math.nan, 1.0, False),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (None, 1.0, False),
        ("1", 1.0, False),
        ([[1], [1, 2]], 1.0, False),
        ({}, 1.0, False),
        (1.01, 1.0, False),
    ],
)
def test_close_agrees_where_all_numbers_do(got: Any, want: Any, agree: bool) -> None:
    assert close(got, want) is agree


WANT = pd.DataFrame({"k": [1, 2], "t": ["a", None], "v": [0.5, math.nan]})


@pytest.mark.parametrize(
    "got",
    [
        WANT,
        WANT.iloc[::-1],
        WANT.set_index("k"),
        WANT.assign(more=1),
        WANT.assign(t=pd.Categorical(["a", None])),
        WANT.assign(t=pd.array(["a", pd.NA], dtype="string"), k=[1.0, 2.0]),
    ],
)
def test_tables_with_the_same_rows_are_the_same(got: Any) -> None:
    same_table(got, WANT, keys="k")


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (None, "no table"),
        ([1], "no table"),
        (WANT.drop(columns="v"), "has no column v"),
        (WANT.drop(columns="k"), "has no column k"),
        (WANT.iloc[:1], "another number of rows"),
        (WANT.assign(v=[0.5, 0.0]), "column v differs"),
        (WANT.assign(v=["0.5", None]), "column v differs"),
        (WANT.assign(t=["a", "b"]), "column t differs"),
        (pd.concat([WANT, WANT["v"]], axis=1), "has two columns v"),
        (WANT.drop(columns="k").rename_axis("v"), "has no column k"),
        (WANT.assign(k=[[1], [2]]), "column k of the result is no number, text or date"),
        (WANT.assign(k=[1, 10**400]), "column k differs"),
        (WANT.assign(v=[1j, 2j]), "column v of the result is no number, text or date"),
        (WANT.groupby("k").agg({"t": ["count"], "v": ["sum"]}), "has no column k"),
    ],
)
def test_tables_that_differ_say_where(got: Any, told: str) -> None:
    with pytest.raises(CheckFailed, match=told):
        same_table(got, WANT, keys="k")


def test_a_tables_failure_keeps_its_values_and_can_say_what_went_in() -> None:
    with pytest.raises(CheckFailed) as caught:
        same_table(WANT.assign(v=[0.75, math.nan]), WANT, "k", given=lambda at: f"the orders of {at['k']}")
    assert caught.value.values == {"expected": 0.5, "came": 0.75, "given": "the orders of 1"}
    with pytest.raises(CheckFailed) as caught:
        same_table(WANT.assign(t=[None, None]), WANT, ["k"])
    assert caught.value.values == {"expected": "a", "came": None, "given": {"k": 1}}


def test_a_tables_failure_shows_missing_cells_and_empty_texts() -> None:
    with pytest.raises(CheckFailed) as caught:
        same_table(WANT.assign(t=["a", ""]), WANT, "k")
    assert (caught.value.expected, caught.value.came) == ("missing", "'' (empty text)")
    with pytest.raises(CheckFailed) as caught:
        same_table(WANT.assign(t=[None, None]), WANT, "k")
    assert (caught.value.expected, caught.value.came) == ("a", "missing")


def test_tables_agree_within_an_absolute_tolerance() -> None:
    near = WANT.assign(v=[0.5001, math.nan])
    same_table(near, WANT, "k", rtol=0, atol=0.001)
    with pytest.raises(CheckFailed):
        same_table(near, WANT, "k", rtol=0, atol=0.00001)


def test_columns_of_a_wanted_table_may_be_levels_of_the_index() -> None:
    same_table(WANT.set_index(["t", "k"])["v"], WANT, "k")


def test_as_table_gives_the_wanted_columns_as_plain_cells_and_arrays() -> None:
    odd = WANT.assign(n=[pd.NA, 3], more=[{}, {}]).iloc[::-1]
    table = as_table(odd, columns=["v", "t", "n", "k"], numeric=["v", "n", "k"])
    assert table.columns.tolist() == ["v", "t", "n", "k"]
    assert table.index.tolist() == [0, 1]
    assert table["k"].tolist() == [2, 1]
    assert table["k"].dtype.kind == "i"
    assert table["n"].tolist()[0] == 3.0
    assert table["n"].isna().tolist() == [False, True]
    assert table["t"].tolist() == [None, "a"]
    assert as_table(pd.Series([1, 2], name="s")).columns.tolist() == ["s"]
    assert as_table(WANT.iloc[:0], numeric=["v"]).shape == (0, 3)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "is no table"),
        ({"k": [1]}, "is no table"),
        (WANT.drop(columns="k"), "has no column k"),
        (WANT.set_index("k"), "has no column k: k is the index; reset_index"),
        (pd.concat([WANT, WANT["k"]], axis=1), "has two columns k"),
        (WANT.assign(k=[1j, 2j]), "holds no real numbers"),
        (WANT.assign(k=[1j, 2]), "holds no real numbers"),
        (WANT.assign(k=[True, False]), "holds no real numbers"),
        (WANT.assign(k=["1", "2"]), "is no array of numbers"),
        (WANT.assign(k=[[1], [2]]), "has another shape"),
        (WANT.assign(k=[[1], [2, 3]]), "unequal length"),
        (WANT.assign(k=[10**400, 1.5]), "is no array of numbers"),
        (WANT.assign(k=[{}, {1}]), "is no array of numbers"),
        (WANT.assign(k=[WANT, WANT["v"]]), "column k of"),
        (WANT.assign(t=[[], ()]), "is no number, text or date"),
        (WANT.assign(t=[np.ones(2), 1]), "is no number, text or date"),
        (WANT.assign(t=[WANT, WANT]), "is no number, text or date"),
        (WANT.pivot(index="k", columns="t", values=["v"]), "has no column t"),
        (pd.DataFrame({("k", 1): [1], ("t", 1): [1]}), "has no column t"),
    ],
)
def test_as_table_refuses_what_a_check_could_not_compute_with(value: Any, told: str) -> None:
    with pytest.raises(CheckFailed, match=told):
        as_table(value, columns=["t", "k"], numeric=["k"])


def test_expect_takes_the_truth_of_the_checkers_side() -> None:
    expect(np.bool_(True), expected=1, came=1)
    with pytest.raises(CheckFailed) as caught:
        expect(False, expected=np.ones((2, 2)), came=1.23456789, given="x" * 1000, why="no")
    assert caught.value.expected is not None
    assert "shape (2, 2)" in caught.value.expected
    assert caught.value.came == "1.23457"
    assert len(caught.value.given or "") == 400
    with pytest.raises(CheckFailed) as caught:
        expect(False, expected=None, came=None)
    assert (caught.value.expected, caught.value.came, caught.value.given) == ("None", "None", None)


@pytest.mark.parametrize("value", [np.zeros((1000, 1000)), list(range(10**5)), {"a" * 10**5: 1}, 2**4000])
def test_values_are_shown_short(value: Any) -> None:
    assert len(show(value) or "") <= 400
