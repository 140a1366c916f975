"""The page of a report: the sentences that matter first, then a section for each exercise. No script, nothing from
outside the page; every text is escaped by the template.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, StrictUndefined

from autograder.report.cohort import Cohort
from autograder.report.pictures import checks_picture, marks_picture, use_picture
from autograder.report.style import report_style
from autograder.report.summary import BINS, ENDINGS, FAILURES, CheckRow, Fit, Summary, median_share, most_failed
from autograder.report.template import TEMPLATE

MOST_FITS = 3


def report_page(cohort: Cohort, summaries: Sequence[Summary]) -> str:
    """The page as text. The same results give the same page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"points": _points, "percent": _percent, "number": _number}
    environment.globals["counted"] = counted
    style = report_style()
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return environment.from_string(TEMPLATE).render(
        cohort=cohort,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        headline=_headline(summaries),
        units=[_unit(summary, f"unit-{index}") for index, summary in enumerate(summaries, start=1)],
        bins=BINS,
        endings=ENDINGS,
        unfinished=[key for key in ENDINGS if key not in FAILURES],
        unsealed=sum(not submission.sealed for summary in summaries for submission in summary.submissions),
    )


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 submission", "2 submissions"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _headline(summaries: Sequence[Summary]) -> dict[str, Any]:
    """What the first three sentences say."""
    submissions = [submission for summary in summaries for submission in summary.submissions]
    ended = Counter(submission.status for submission in submissions if submission.status != "graded")
    waiting = [(summary, row) for summary in summaries for row in summary.parts if row.waiting]
    first = most_failed(summaries)
    return {
        "learners": len({submission.learner for submission in submissions}),
        "submissions": len(submissions),
        "ended": ", ".join(f"{status} ({count})" for status, count in ended.most_common()),
        "graded": len(submissions) - ended.total(),
        "median": median_share(submissions),
        "waiting": sum(submission.waits for submission in submissions),
        "waiting_for": [(row.facts.title, len(row.waiting), row.broken) for _, row in waiting],
        "first": first[1] if first else None,
        "first_unit": first[0].unit.facts.title if first and len(summaries) > 1 else "",
        "fit": _likeliest(first[1]) if first else None,
    }


def _unit(summary: Summary, anchor: str) -> dict[str, Any]:
    """What the template needs of one exercise."""
    waiting = [row for row in summary.parts if row.waiting]
    return {
        "anchor": anchor,
        "summary": summary,
        "facts": summary.unit.facts,
        "median": median_share(summary.submissions),
        "waiting": waiting,
        "first": summary.checks[0] if summary.checks and summary.checks[0].failures else None,
        "marks_picture": marks_picture(summary, f"{anchor}-marks"),
        "checks_picture": checks_picture(summary, f"{anchor}-checks"),
        "use_picture": use_picture(summary, f"{anchor}-use"),
        "fits": {row.facts.full_name: _shown_fits(row) for row in summary.checks},
        "not_run": sum(not submission.ran for submission in summary.submissions),
        "failing": [row for row in summary.checks if row.failures],
        "unfailed": [row for row in summary.checks if not row.failures],
    }


def _shown_fits(row: CheckRow) -> tuple[Fit, ...]:
    """The beliefs that submissions look like; where none does, what the exercise knows to fail this check."""
    return (row.explained or row.fits)[:MOST_FITS]


def _likeliest(row: CheckRow) -> Fit | None:
    return row.fits[0] if row.fits else None


def _points(number: float | None) -> str:
    return "–" if number is None else f"{round(number, 2):g}"


def _percent(share: float | None) -> str:
    """Never 0 % for some, nor 100 % for not quite all."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "below 1 %"
    return "above 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def _number(value: float | None, unit: str = "") -> str:
    """Seconds to a tenth, MiB whole."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if unit == "MiB" else f"{value:,.1f}"
