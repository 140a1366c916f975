"""What the demo prints."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.demo.expected import checked_points
from autograder.demo.run import Demo, Outcome


def print_demo(demo: Demo, console: Console) -> None:
    """The table of marks, the forgeries, what is not as it must be, times, and where to look next."""
    console.print(_table(demo.outcomes))
    for line in _lines(demo):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def failures(demo: Demo) -> list[str]:
    """Marks that are not what they must be, and whatever went wrong beside; empty when the demo holds."""
    wrong = [
        f"{outcome.entry.learner}, {outcome.entry.exercise} ({outcome.entry.what}): {outcome.problem}"
        for outcome in demo.outcomes
        if outcome.problem
    ]
    _, points = demo.gained()
    return wrong + demo.problems + ([f"forgeries gained {points:g} points"] if points else [])


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("learner", "exercise", "handed in", "points", "status", "as expected", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for outcome in sorted(outcomes, key=lambda outcome: (outcome.entry.exercise, outcome.entry.learner)):
        entry, record = outcome.entry, outcome.record
        points, status = "", "left aside"
        if record is not None:
            earned, most = checked_points(record)
            points, status = f"{earned:g} of {most:g}", record.result.status
        cells = (entry.learner, entry.exercise, entry.what, points, status, "NO" if outcome.problem else "yes")
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    return table


def _lines(demo: Demo) -> Iterator[str]:
    count, points = demo.gained()
    honest = [outcome for outcome in demo.outcomes if outcome.entry.kind == "disaster" and outcome.record is not None]
    kept = sum(checked_points(outcome.record)[0] for outcome in honest if outcome.record is not None)
    yield ""
    yield f"{count} forgeries gained {points:g} points."
    yield (
        f"{len(honest)} disasters got the {kept:g} points of the honest answers beside them: "
        "a fault costs what it touches, and no neighbour."
    )
    yield "Points are those of the checks; written answers wait for a person."
    if wrong := failures(demo):
        yield ""
        yield from (f"NOT AS EXPECTED: {sentence}" for sentence in wrong)
    yield ""
    steps = ", ".join(f"{step} {seconds:.0f} s" for step, seconds in demo.seconds.items())
    total_s = sum(demo.seconds.values())
    cpu_s = sum(outcome.record.result.cpu_s for outcome in demo.outcomes if outcome.record is not None)
    yield f"{len(demo.outcomes)} submissions in {total_s:.0f} s ({steps}); learners' code computed for {cpu_s:.0f} s."
    yield ""
    yield from _next(demo.folders[-1], demo)


def _next(folder: Path, demo: Demo) -> Iterator[str]:
    # A page with something to read on it: one of an answer that is wrong in part, where there is one.
    graded = [outcome.entry for outcome in demo.outcomes if outcome.record is not None]
    shown = max(graded, key=lambda entry: entry.kind == "wrong")
    course_dir = next(place for place in demo.folders if place.name == shown.course)
    yield "Look next at"
    yield f"  a learner's page   {course_dir / 'feedback' / shown.learner / shown.unit / shown.unit}.html"
    yield f"  the gradebook      {folder / 'gradebook.db'}   (cd {folder} && nbgrader formgrader, in Jupyter)"
    yield f"  the results        {folder / 'journal.jsonl'}"
    yield f"  a report           autograder report {folder.name} --out {folder.parent}"
    yield f"  the marks          autograder export {folder.name} --out {folder.parent}"
