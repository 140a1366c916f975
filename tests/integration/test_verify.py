"""`autograder verify` must be able to fail: one exercise with a mistake of each kind, and the proof tells each."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli import main

pytestmark = [pytest.mark.needs_sandbox, pytest.mark.slow]

SPEC = """\
title: Mistakes
outcomes: [Make every mistake, Have each of them told]
level: beginner
minutes: 5
libraries: [numpy]
profiles: {smoke: {}, laptop: {}}
"""
EXERCISE = '''\
# %%
import workbench as wb

# %% solution="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION "Return twice x."
    return x + x + 0 * 1234567
    ### END SOLUTION

# %% part="double"
wb.check("double")

# %% solution="size"
### BEGIN SOLUTION size = None  # a number
size = 7
### END SOLUTION

# %%
print("nearly", 100 // (size - 7) if size else "")

# %% part="size"
wb.check("size")

# %% solution="loose"
### BEGIN SOLUTION loose = None  # anything
loose = "right"
### END SOLUTION

# %% part="loose"
wb.check("loose")

# %% solution="given"
### BEGIN SOLUTION given = 1  # a number
given = 1 * 1
### END SOLUTION

# %% part="given"
wb.check("given")

# %% part="chance"
wb.check("chance")

# %% part="told"
wb.check("told")
'''
CHECKS = '''\
"""The visible checks."""

import itertools

from workbench.checks import as_number, close, expect, part

double_part = part("double", title="Double")
size_part = part("size", title="Size")
loose_part = part("loose", title="Loose")
given_part = part("given", title="Given")
chance_part = part("chance", title="Chance")
told_part = part("told", title="Told")
calls = itertools.count()
notes = []  # shown to learners


@double_part.check(points=2)
def doubles_three(submission):
    got = as_number(submission.call("double", 3))
    expect(close(got, 6), expected=6, came=got)


@size_part.check(points=1)
def is_seven(submission):
    size = submission.get("size")
    assert size is not None and size + 0 == 7, "not seven"  # breaks for a text


@loose_part.check(points=1)
def is_there(submission):
    assert submission.get("loose"), "nothing there"


@given_part.check(points=1)
def is_one(submission):
    given = submission.get("given")
    expect(given == 1, expected=1, came=given, why=" ".join(notes))


@chance_part.check(points=1)
def comes_and_goes(submission):
    assert next(calls) % 2 == 0, "not this time"
'''
HIDDEN = '''\
"""Hidden checks."""

from pathlib import Path

from checks import notes, told_part

from workbench.checks import expect

secret_value_of_the_author = 31337 + 1
notes.append(Path(__file__).read_text())


@told_part.check(points=1)
def hands_its_own_text_out(submission):
    text = Path(__file__).read_text()
    size = len(submission.run("keep", returns=["kept"], text=text)["kept"])
    expect(size == len(text), expected=len(text), came=size)
'''
FILES = {
    "exercise.yaml": SPEC,
    "exercise.py": EXERCISE,
    "checks.py": CHECKS,
    "hidden.py": HIDDEN,
    "probes/keep.py": "import builtins\n\nkept = builtins.kept = text\nreturn_value = 'x + x + 0 * 1234567'\n",
    "data/notes.txt": "return x + x + 0 * 1234567\nsecret_value_of_the_author = 31337 + 1\n",
    "data/make_data.py": """\
from pathlib import Path

Path("notes.txt").write_text("return x + x + 0 * 1234567\\nsecret_value_of_the_author = 31337 + 1\\n")
Path("order.txt").write_text(" ".join({"one", "two", "three", "four", "five", "six"}))
Path("random.txt").write_text(str(hash(Path)))
""",
    "wrong/passes.py": '"""Adds x to itself, which is right.  Caught by: double.doubles_three"""\n\n'
    '# %% solution="double"\ndef double(x):\n    return x + x\n',
    "wrong/dies.py": '"""Ends its process.  Caught by: (kernel died)"""\n\n'
    '# %% solution="double"\nimport os\n\nos._exit(3)\n',
    "correct/fails.py": '"""Three times, which is wrong."""\n\n'
    '# %% solution="double"\ndef double(x):\n    return 3 * x\n',
}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The JSON of the proof, with the exit status and what was printed."""
    project = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = project / "exercises/c/mistakes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.delenv("AUTOGRADER_EXERCISES", raising=False)
        done = CliRunner().invoke(main, ["verify", "c/mistakes", "--json", "proof.json", "--workers", "2"])
    (made,) = json.loads((project / "proof.json").read_text())
    return {**made, "status": done.exit_code, "stdout": done.stdout, "stderr": done.stderr}


def problems(proof: dict, variant: str) -> list[dict]:
    (row,) = [row for row in proof["rows"] if row["variant"] == variant]
    assert row["ok"] == (not row["problems"])
    return row["problems"]


def told(proof: dict, variant: str, what: str, where: str = "") -> list[dict]:
    return [found for found in problems(proof, variant) if what in found["what"] and found["where"].endswith(where)]


def test_a_proof_that_fails_ends_with_status_one_and_says_where_what_and_how_to_mend_it(proof):
    assert proof["status"] == 1 and not proof["ok"]
    assert "not proved: c/mistakes" in proof["stderr"]
    for row in proof["rows"]:
        for problem in row["problems"]:
            assert problem["what"] in proof["stderr"] and problem["where"] in proof["stderr"]
            assert problem["where"].startswith("exercises/c/mistakes")


def test_the_table_has_a_line_for_each_row_and_lines_of_progress_say_which_failed(proof):
    assert all(row["variant"] in proof["stdout"] for row in proof["rows"])
    assert "c/mistakes, wrong/passes: NO" in proof["stderr"] and "c/mistakes, wrong/dies: NO" in proof["stderr"]


def test_a_wrong_answer_that_passes_is_told(proof):
    (problem,) = told(proof, "wrong/passes", "not caught by the check that it names", "wrong/passes.py")
    assert problem["came"].startswith("double.doubles_three: passed")


def test_a_wrong_answer_that_ends_its_kernel_as_it_says_is_caught(proof):
    assert not told(proof, "wrong/dies", "not caught")


def test_another_right_answer_that_fails_is_told(proof):
    (problem, *_) = told(proof, "correct/fails", "a right answer lost points", "part double")
    assert "expected" in problem and "came 9" in problem["came"]


def test_a_check_that_raises_a_type_error_is_told_with_its_line(proof):
    (problem,) = told(proof, "forger echo", "a check broke", "checks.py, size.is_seven")
    assert problem["came"].startswith("TypeError") and "(is_seven, line 26)" in problem["came"]


def test_a_check_that_a_forger_passes_is_told(proof):
    (problem,) = told(proof, "forger always_true", "earns points without an answer", "part loose")
    assert "loose.is_there" in problem["came"]


def test_a_starter_that_passes_a_check_is_told(proof):
    (problem,) = told(proof, "released notebook", "untouched, earns points", "part given")
    assert "given.is_one" in problem["came"]


def test_marks_that_depend_on_chance_are_told(proof):
    (problem,) = told(proof, "solution", "the marks depend on chance", "part chance")
    assert "1, 0, 1 points" in problem["came"]


def test_a_cell_that_raises_with_the_solution_is_told(proof):
    (problem,) = told(proof, "solution in profile smoke", "did not run through")
    assert "cell 6" in problem["came"]


def test_two_builds_that_differ_are_told(proof):
    names = {problem["came"].split(" is ")[0] for problem in told(proof, "two builds", "two builds differ")}
    assert names == {f"{top}/mistakes/data/random.txt" for top in ("source", "release")}


def test_a_solution_line_and_a_hidden_line_in_the_release_are_told(proof):
    leaks = told(proof, "release", "a line that has to stay hidden is released")
    assert {leak["where"].split("/")[-1] for leak in leaks} == {
        "exercise.py, line 4, solution double",
        "hidden.py, line 9",
    }
    assert all("data/notes.txt" in leak["came"] for leak in leaks)


def test_a_canary_within_reach_of_the_learners_code_is_told(proof):
    (problem,) = told(proof, "sandbox", "a canary is within reach")
    assert "The kernel ended in cell" in problem["came"]


def test_hidden_text_that_a_visible_check_shows_is_told(proof):
    (problem,) = told(proof, "feedback and journal", "text of hidden.py came into feedback")
    assert "journal.jsonl" in problem["came"] and "feedback/" in problem["came"]


def test_an_exercise_that_cannot_be_read_is_told_and_the_next_one_is_still_proved(tmp_path, monkeypatch):
    for unit in ("bad", "other"):
        folder = tmp_path / "exercises/c" / unit
        folder.mkdir(parents=True)
        (folder / "exercise.yaml").write_text("title: 3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["verify", "c"])
    assert done.exit_code == 1
    assert "not proved: c/bad, c/other" in done.stderr and "exercises/c/bad" in done.stderr


def test_a_course_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch):
    (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["verify", "nowhere"])
    assert done.exit_code == 1 and "there is no such course" in done.stderr
