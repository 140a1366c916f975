"""`autograder verify [COURSE[/UNIT] …]`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.catalogue.find import Catalogue, Exercise, find_catalogue

if TYPE_CHECKING:
    from autograder.verify.verify import Proof, Step


@click.command()
@click.argument("names", metavar="[COURSE[/UNIT]]...", nargs=-1)
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="10 before a release.")
@click.option("--workers", type=click.IntRange(min=1), help="How many at once. Default: one for each core.")
@click.option("--profile", default="smoke", show_default=True, help="In which the variants run.")
@click.option("--quick", is_flag=True, help="Wrong answers only in the parts that must catch them; no reruns.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write the proofs to this file.")
def verify(
    names: tuple[str, ...], seeds: int, workers: int | None, profile: str, quick: bool, json_file: Path | None
) -> None:
    """Prove the graders of exercises; without names, of all and of the template.

    Right answers must get full marks, wrong ones must be caught by the checks that they name, forgers and the untouched
    release must get nothing, nothing hidden may leak, and no mark may depend on chance. Ends with status 1 otherwise.
    """
    from autograder.verify.verify import Settings
    from autograder.verify.verify import verify as prove

    exercises = _chosen(find_catalogue(), names)
    proofs = []
    with _progress() as watch:
        for proof in prove(exercises, Settings(seeds, workers, profile, quick), watch):
            proofs.append(proof)
            click.echo(table(proof))
    for proof in proofs:
        for row in proof.rows:
            for error in row.problems:
                click.echo(f"\n{proof.exercise}, {row.name}\n{error}", err=True)
    if json_file is not None:
        json_file.write_text(json.dumps([proof.as_json() for proof in proofs], indent=1), encoding="utf-8")
    failed = [proof.exercise for proof in proofs if not proof.ok]
    if failed:
        click.echo(f"\nnot proved: {', '.join(failed)}", err=True)
        sys.exit(1)
    click.echo(f"proved {len(proofs)} of {len(proofs)}")


def table(proof: "Proof") -> str:
    """Variant, expected, came and ok, one line each."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("variant", "expected", "came", "ok", box=None, pad_edge=False)
    for row in proof.rows:
        shown.add_row(row.name, row.expected, row.came, "ok" if row.ok else "NO")
    console = Console(width=140, no_color=True, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(f"\n{proof.exercise}: {len(proof.rows)} rows in {proof.wall_s:.1f} s")
        console.print(shown)
    return capture.get().rstrip()


def _chosen(catalogue: Catalogue, names: tuple[str, ...]) -> list[Exercise]:
    """The exercises that are named, each once. A course without course.yaml is all of its folder."""
    chosen: dict[str, Exercise] = {}
    for name in names or tuple(sorted(catalogue.exercises)):
        if "/" in name or name in catalogue.exercises:
            found: tuple[Exercise, ...] = (catalogue.exercise(name),)
        else:
            found = tuple(exercise for exercise in catalogue.exercises.values() if exercise.course == name)
            found = found if found and name not in catalogue.course_files else catalogue.course(name).exercises
        chosen.update({exercise.name: exercise for exercise in found})
    return list(chosen.values())


@contextmanager
def _progress() -> Iterator[Callable[["Step"], None]]:
    """A bar on a terminal; a line for each row elsewhere."""
    if not sys.stderr.isatty():

        def line(step: "Step") -> None:
            word = "ok" if step.row.ok else "NO"
            click.echo(f"[{step.done}/{step.total}] {step.exercise}, {step.row.name}: {word}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("proving")

        def update(step: "Step") -> None:
            bar.update(task, completed=step.done, total=step.total, description=step.exercise)

        yield update
