"""What a report counts: marks, failing checks and the beliefs behind them, statuses, what waits; what it refuses."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.catalogue.find import Catalogue
from autograder.cli import main
from autograder.errors import GradingError, JournalError
from autograder.report.cohort import Cohort, read_cohort
from autograder.report.summary import Summary, median_share, most_failed, summarise
from autograder.report.write import checks_as_csv, learners_as_csv, write_report
from tests.unit import report_helper as helper
from tests.unit.report_helper import record

FAIL = "failed"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return helper.make_catalogue(tmp_path)


def summary_of(catalogue: Catalogue, *records: object) -> Summary:
    course = helper.make_course(catalogue.root, *records)
    (unit,) = read_cohort(course, catalogue).units
    return summarise(unit)


def fits(summary: Summary, check: str) -> list[tuple[str, int]]:
    (row,) = [row for row in summary.checks if row.facts.name == check]
    return [(sentence, fit.submissions) for fit in row.fits for sentence in fit.sentences]


def test_the_check_that_most_fail_comes_first_with_the_belief_that_fits_most(catalogue: Catalogue) -> None:
    summary = summary_of(
        catalogue,
        record("anna", {"empty": FAIL}),
        record("bert", {"tiny": FAIL, "large": FAIL}),
        record("carl", {"tiny": FAIL, "large": "timed_out"}),
        record("dora", {"tiny": FAIL}),
        record("emil"),
    )
    assert [(row.facts.full_name, row.failures, row.total) for row in summary.checks] == [
        ("mean.tiny", 3, 5),
        ("mean.large", 2, 5),
        ("mean.empty", 1, 5),
    ]
    assert fits(summary, "tiny") == [("Takes the middle for the mean.", 2), ("Believes that means are whole.", 1)]
    assert fits(summary, "empty") == [("Believes that lists are never empty.", 1)]
    found = most_failed([summary])
    assert found is not None and found[1].facts.title == "A tiny case"


def test_a_belief_fits_only_who_fails_all_checks_that_it_names(catalogue: Catalogue) -> None:
    summary = summary_of(catalogue, record("anna", {"large": FAIL}))
    assert fits(summary, "large") == [("Takes the middle for the mean.", 0)]


def test_beliefs_that_the_same_checks_catch_are_one_fit(catalogue: Catalogue) -> None:
    wrong = catalogue.root / "exercises/numbers/mean/wrong"
    text = (wrong / "whole.py").read_text()
    (wrong / "whole_again.py").write_text(text.replace("Believes that means are whole", "Rounds down"))
    (row, *_) = summary_of(catalogue, record("anna", {"tiny": FAIL})).checks
    assert [(fit.sentences, fit.submissions) for fit in row.explained] == [
        (("Believes that means are whole.", "Rounds down."), 1)
    ]


def test_who_did_not_try_a_check_does_not_fail_it(catalogue: Catalogue) -> None:
    summary = summary_of(catalogue, record("anna", dict.fromkeys(helper.CHECKS, "not_attempted")))
    assert [row.failures for row in summary.checks] == [0, 0, 0]
    assert [row.counts["not_attempted"] for row in summary.checks] == [1, 1, 1]
    assert most_failed([summary]) is None


def test_marks_are_sorted_by_their_share_and_what_waits_is_left_out_of_the_mean(catalogue: Catalogue) -> None:
    summary = summary_of(
        catalogue,
        record("anna"),
        record("bert", {"large": FAIL}),
        record("carl", {"large": FAIL, "tiny": FAIL}),
        record("dora", dict.fromkeys(helper.CHECKS, FAIL)),
        record("emil", {"tiny": "broke"}, status="check broke"),
    )
    mean, why = summary.parts
    assert dict(mean.counts) == {"full": 1, "most": 1, "some": 1, "none": 1, "waits": 1}
    assert (mean.mean, mean.median) == (7 / 4, 1.5)
    assert (mean.waiting, mean.broken) == (("emil",), 1)
    assert len(why.waiting) == 5 and why.mean is None
    assert median_share(summary.submissions[:3]) == 0.5


def test_a_written_part_left_as_released_waits_for_nobody(catalogue: Catalogue) -> None:
    summary = summary_of(catalogue, record("anna", written=""), record("bert"))
    assert summary.parts[1].waiting == ("bert",)
    assert summary.parts[1].counts["none"] == 1


def test_only_the_latest_result_of_a_learner_counts(catalogue: Catalogue) -> None:
    summary = summary_of(catalogue, record("anna", {"tiny": FAIL}), record("anna"))
    assert [row.failures for row in summary.checks] == [0, 0, 0]
    assert len(summary.submissions) == 1


def test_statuses_are_grouped_by_their_sentence_and_name_who_did_not_end_well(catalogue: Catalogue) -> None:
    died = {"status": "kernel died", "sentence": "Cell 3 ended the kernel."}
    summary = summary_of(catalogue, record("anna", **died), record("bert", **died), record("carl"))
    assert [(row.status, row.count, row.learners) for row in summary.statuses] == [
        ("graded", 1, ()),
        ("kernel died", 2, ("anna", "bert")),
    ]


def test_time_and_memory_are_of_the_submissions_that_ran_beside_their_limits(catalogue: Catalogue) -> None:
    never = record("zoe", status="too large", cpu_s=0, wall_s=0, memory_peak_mib=0)
    ran = [record(f"l{i}", cpu_s=i, memory_peak_mib=100 * i) for i in range(1, 11)]
    cpu, wall, memory = summary_of(catalogue, never, *ran).uses
    assert (cpu.median, cpu.nine_of_ten, cpu.most, cpu.most_by, cpu.limit) == (5.5, 9, 10, "l10", 30)
    assert (memory.most, memory.limit, wall.limit) == (1000, 1024, None)


def test_an_exercise_that_is_gone_is_reported_from_its_results_and_said_so(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root, record("anna", {"tiny": FAIL}, exercise="numbers/median"))
    (unit,) = read_cohort(course, catalogue).units
    summary = summarise(unit)
    assert "no longer exists" in unit.facts.problem
    assert (summary.checks[0].facts.title, summary.checks[0].fits) == ("A tiny case", ())
    assert summary.uses[0].limit is None


def test_an_exercise_with_a_mistake_is_reported_from_its_results_and_its_place_is_named(catalogue: Catalogue) -> None:
    (catalogue.root / "exercises/numbers/mean/checks.py").write_text("def broken(:\n")
    course = helper.make_course(catalogue.root, record("anna"))
    cohort = read_cohort(course, catalogue)
    assert "checks.py" in cohort.units[0].facts.problem
    assert "has a mistake" in " ".join(cohort.problems)


def test_a_check_that_the_exercise_no_longer_has_is_marked(catalogue: Catalogue) -> None:
    path = catalogue.root / "exercises/numbers/mean/hidden.py"
    path.write_text(path.read_text().replace("def large", "def huge"))
    wrong = catalogue.root / "exercises/numbers/mean/wrong/middle.py"
    wrong.write_text(wrong.read_text().replace("mean.large", "mean.huge"))
    summary = summary_of(catalogue, record("anna"))
    assert {row.facts.name: row.facts.gone for row in summary.checks} == {
        "tiny": False,
        "empty": False,
        "large": True,
        "huge": False,
    }
    assert [row.counts["skipped"] for row in summary.checks if row.facts.name == "huge"] == [1]


def test_what_lies_in_submitted_without_a_result_is_named(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root, record("anna"))
    for learner in ("anna", "bert"):
        (course / "submitted" / learner / "mean").mkdir(parents=True)
    (course / "submitted" / "x..y").mkdir()
    (said,) = [problem for problem in read_cohort(course, catalogue).problems if "submitted/" in problem]
    assert "bert mean" in said and "x..y" in said and "anna" not in said


def test_a_damaged_line_of_the_journal_is_told(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root, record("anna"), record("bert"))
    path = course / "journal.jsonl"
    path.write_text(path.read_text().replace('"learner":"bert"', '"learner":"gert"'))
    cohort = read_cohort(course, catalogue)
    assert [submission.learner for submission in cohort.units[0].submissions] == ["anna"]
    assert any("line 3" in problem for problem in cohort.problems)


def test_without_a_journal_nothing_is_written_and_the_next_step_is_named(catalogue: Catalogue) -> None:
    course = catalogue.root / "build" / "numbers"
    course.mkdir(parents=True)
    with pytest.raises(GradingError, match=r"nothing was graded yet[\s\S]*autograder grade numbers"):
        write_report(course, catalogue, course / "report.html")
    assert list(course.iterdir()) == []


def test_a_file_that_is_no_journal_is_refused(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root)
    (course / "journal.jsonl").write_text("hello\n")
    with pytest.raises(JournalError, match="no journal"):
        read_cohort(course, catalogue)


def test_an_unknown_unit_is_refused_and_the_known_ones_are_named(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root, record("anna"))
    with pytest.raises(GradingError, match=r"median[\s\S]*one of: mean"):
        read_cohort(course, catalogue, ["median"])


def test_units_come_in_the_order_of_the_course_and_can_be_chosen(catalogue: Catalogue) -> None:
    course = helper.make_course(catalogue.root, record("anna", exercise="numbers/a-first"), record("anna"))

    def names(cohort: Cohort) -> list[str]:
        return [unit.facts.name for unit in cohort.units]

    assert names(read_cohort(course, catalogue)) == ["numbers/mean", "numbers/a-first"]
    assert names(read_cohort(course, catalogue, ["a-first"])) == ["numbers/a-first"]


def test_the_csv_files_hold_each_check_and_each_submission_and_no_formula(catalogue: Catalogue) -> None:
    evil = '=HYPERLINK("https://evil.example")'
    summary = summary_of(catalogue, record(evil, {"tiny": FAIL}, sentence="@SUM(A1)"), record("bert"))
    checks = list(csv.DictReader(io.StringIO(checks_as_csv([summary]))))
    assert [(row["check"], row["failed"], row["passed"], row["submissions"]) for row in checks] == [
        ("tiny", "1", "1", "2"),
        ("empty", "0", "2", "2"),
        ("large", "0", "2", "2"),
    ]
    assert checks[0]["beliefs"].startswith("Believes that means are whole. (1) | ")
    learners = list(csv.DictReader(io.StringIO(learners_as_csv([summary]))))
    assert (learners[0]["learner"], learners[0]["sentence"]) == (f"'{evil}", "'@SUM(A1)")
    assert (learners[0]["points"], learners[0]["failed"], learners[0]["waiting"]) == ("3.0", "mean.tiny", "why")


def test_the_command_writes_page_and_csv_that_only_their_owner_can_read(catalogue: Catalogue, monkeypatch) -> None:
    course = helper.make_course(catalogue.root, record("anna"))
    monkeypatch.chdir(catalogue.root)
    done = CliRunner().invoke(main, ["report", "numbers"])
    assert done.exit_code == 0, done.output
    written = [course / name for name in ("report.html", "report-checks.csv", "report-learners.csv")]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    assert "1 submission" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "autograder build nothing"),
        (["numbers", "median"], "one of: mean"),
        (["numbers", "--html", "/dev/null/report.html"], "choose another file"),
    ],
)
def test_the_command_refuses_in_clear_words(catalogue: Catalogue, monkeypatch, arguments: list[str], said: str) -> None:
    helper.make_course(catalogue.root, record("anna"))
    monkeypatch.chdir(catalogue.root)
    done = CliRunner().invoke(main, ["report", *arguments])
    assert done.exit_code == 1
    assert said in done.output
