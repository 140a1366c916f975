"""`autograder demo`."""

import sys
from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: build/demo in the project.")
@click.option("--only", "names", multiple=True, metavar="COURSE/UNIT", help="Only this exercise; may be repeated.")
@click.option(
    "--wrong", type=click.IntRange(min=1), default=4, show_default=True, help="Wrong answers of each exercise."
)
@click.option("--workers", type=click.IntRange(min=1), help="How many at once. Default: one for each core.")
def demo(out: Path | None, names: tuple[str, ...], wrong: int, workers: int | None) -> None:
    """Grade a made-up cohort end to end: right, wrong, half-finished and hostile submissions.

    Ends with status 1 when a mark is not what it must be.
    """
    from rich.console import Console

    from autograder.catalogue.find import find_catalogue
    from autograder.commands.grade import shown_progress
    from autograder.demo.run import EXERCISES, run_demo
    from autograder.demo.show import failures, print_demo

    catalogue = find_catalogue()
    out_dir = (out or catalogue.root / "build" / "demo").resolve()
    done = run_demo(catalogue, out_dir, names or EXERCISES, shown_progress, wrong=wrong, workers=workers)
    print_demo(done, Console(width=None if sys.stdout.isatty() else 140))
    if failures(done):
        sys.exit(1)
