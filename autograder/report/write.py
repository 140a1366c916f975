"""Writes a report: the page, and two CSV files beside it, one row for each check and one for each submission."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.book.export import harmless_field, write_private
from autograder.catalogue.find import Catalogue
from autograder.report.cohort import read_cohort
from autograder.report.page import report_page
from autograder.report.summary import ENDINGS, Summary, failed_checks, summarise


@dataclass(frozen=True)
class Report:
    """The files that were written, page first; how many submissions they hold; sentences for the instructor."""

    files: tuple[Path, ...]
    submissions: int
    problems: tuple[str, ...]


def write_report(course_dir: Path, catalogue: Catalogue, page_path: Path, units: Collection[str] = ()) -> Report:
    """Write `page_path`, and `…-checks.csv` and `…-learners.csv` beside it; readable by their owner alone.

    Raises:
        GradingError: nothing was graded, an unknown unit, a file that cannot be written.
        JournalError: the journal is damaged so that nothing can be read.
    """
    cohort = read_cohort(course_dir, catalogue, units)
    summaries = [summarise(unit) for unit in cohort.units]
    texts = {
        page_path: report_page(cohort, summaries),
        page_path.with_name(f"{page_path.stem}-checks.csv"): checks_as_csv(summaries),
        page_path.with_name(f"{page_path.stem}-learners.csv"): learners_as_csv(summaries),
    }
    write_private(texts, "the report")
    count = sum(len(summary.submissions) for summary in summaries)
    return Report(tuple(texts), count, cohort.problems)


def checks_as_csv(summaries: Iterable[Summary]) -> str:
    """One row for each check: how often it ended how, and its beliefs with the submissions that look like them."""
    header = ["exercise", "part", "check", "title", "visible", "points", "submissions", "passed", *ENDINGS, "beliefs"]
    rows = []
    for summary in summaries:
        for row in summary.checks:
            facts, counts = row.facts, row.counts
            beliefs = " | ".join(f"{' Or: '.join(fit.sentences)} ({fit.submissions})" for fit in row.fits)
            named = [summary.unit.facts.name, facts.part, facts.name, facts.title, facts.visible, facts.points]
            rows.append([*named, row.total, counts["passed"], *(counts[key] for key in ENDINGS), beliefs])
    return _csv(header, rows)


def learners_as_csv(summaries: Iterable[Summary]) -> str:
    """One row for each submission. `points` are those so far; `failed` and `waiting` are lists with spaces between."""
    header = ["learner", "exercise", "status", "sentence", "points", "max_points", "waiting", "failed"]
    header += ["cpu_s", "wall_s", "memory_peak_mib", "sealed", "submitted_at"]
    rows = []
    for summary in summaries:
        for submission in summary.submissions:
            waiting = " ".join(name for name, mark in submission.marks.items() if mark.waits)
            failed = " ".join(sorted(failed_checks(submission)))
            named = [submission.learner, summary.unit.facts.name, submission.status, submission.sentence]
            marks = [submission.earned, submission.max_points, waiting, failed]
            used = [submission.cpu_s, submission.wall_s, submission.memory_peak_mib]
            rows.append([*named, *marks, *used, submission.sealed, submission.submitted_at])
    return _csv(header, rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Texts that a spreadsheet would run as a formula begin with an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([harmless_field(value) for value in row])
    return file.getvalue()
