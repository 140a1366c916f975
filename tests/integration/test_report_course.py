"""The report on a course that was really built and graded, and what people's marks in the gradebook change."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.book.gradebook import Writer, open_gradebook
from autograder.build.course import build_course
from autograder.catalogue.find import Catalogue
from autograder.cli import main
from autograder.grade.cohort import Settings, grade_course
from autograder.grade.journal import Journal
from autograder.report.cohort import read_cohort
from autograder.report.summary import summarise
from tests.unit import report_helper as helper

ANSWERS = {
    "anna": "def mean(x):\n    return sum(x) / len(x) if x else 0.0",
    "bert": "def mean(x):\n    return sum(x) // len(x) if x else 0",
    "carl": "def mean(x):\n    print('CANARY-OF-CARL')\n    raise ValueError('CANARY-OF-CARL')",
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return helper.make_catalogue(tmp_path)


@pytest.fixture
def course_dir(catalogue: Catalogue) -> Path:
    return build_course(catalogue.course(helper.COURSE), catalogue.root / "build")


def hand_in(course_dir: Path, learner: str, answer: str) -> None:
    notebook = json.loads((course_dir / "release" / "mean" / "mean.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["id"] == "solution-mean":
            cell["source"] = answer
        if cell["id"] == "written-why" and learner == "bert":
            cell["source"] = "Because it is fair."
    folder = course_dir / "submitted" / learner / "mean"
    folder.mkdir(parents=True)
    (folder / "mean.ipynb").write_text(json.dumps(notebook))


def test_a_person_s_mark_counts_and_waits_no_longer(catalogue: Catalogue, course_dir: Path) -> None:
    helper.make_course(catalogue.root, helper.record("anna"), helper.record("bert"))
    Writer(course_dir).apply(Journal(course_dir / "journal.jsonl").records())
    with open_gradebook(course_dir) as book:
        grade = book.find_grade("written-why", "mean", "mean", "anna")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    (unit,) = read_cohort(course_dir, catalogue).units
    why = summarise(unit).parts[1]
    assert (why.waiting, why.mean) == (("bert",), 1.5)
    assert [submission.earned for submission in unit.submissions] == [5.5, 4]


def test_a_gradebook_that_cannot_be_read_costs_people_s_marks_and_says_so(
    catalogue: Catalogue, course_dir: Path
) -> None:
    helper.make_course(catalogue.root, helper.record("anna"))
    (course_dir / "gradebook.db").write_bytes(b"no database" * 100)
    cohort = read_cohort(course_dir, catalogue)
    assert any("Marks that people gave are missing" in problem for problem in cohort.problems)
    assert cohort.units[0].submissions[0].earned == 4


@pytest.mark.slow
@pytest.mark.needs_sandbox
def test_a_graded_course_is_reported_with_its_beliefs_and_without_a_word_of_its_learners(
    catalogue: Catalogue, course_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for learner, answer in ANSWERS.items():
        hand_in(course_dir, learner, answer)
    grade_course(course_dir, catalogue.course(helper.COURSE).exercises, Settings(workers=1))
    monkeypatch.chdir(catalogue.root)
    done = CliRunner().invoke(main, ["report", helper.COURSE])
    assert done.exit_code == 0, done.output
    html = (course_dir / "report.html").read_text()
    assert "Believes that means are whole." in html
    assert "CANARY-OF-CARL" not in html
    (unit,) = read_cohort(course_dir, catalogue).units
    earned = {submission.learner: submission.earned for submission in unit.submissions}
    assert (earned["anna"], earned["bert"], earned["carl"]) == (4, 3, 0)
    assert all(submission.ran for submission in unit.submissions)
