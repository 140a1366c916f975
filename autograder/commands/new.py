"""`autograder new COURSE/UNIT`."""

import click

from autograder.build.new import new_exercise
from autograder.catalogue.find import project_root

NEXT = (
    ("exercise.yaml", "title, outcomes, level, minutes, profiles, rubrics"),
    ("exercise.py", "the text, the cells that learners fill in, your solutions"),
    ("checks.py", "the parts, and the checks that learners see"),
    ("hidden.py", "further checks of the same parts"),
    ("correct/, wrong/", "other right answers, and wrong ones with the checks that must catch them"),
    ("probes/, data/", "code that checks run on the learner's side; tiny files. Delete what you do not need"),
)


@click.command()
@click.argument("name", metavar="COURSE/UNIT")
def new(name: str) -> None:
    """Copy the template to a new exercise and say what to edit."""
    root = project_root()
    folder = new_exercise(name, root)
    course, unit = name.split("/")
    click.echo(f"made {folder.relative_to(root)}/, a working exercise. Edit next:")
    for file, what in NEXT:
        click.echo(f"  {file:<18}{what}")
    click.echo(f"then    autograder verify {name}")
    click.echo(f"and add `- unit: {unit}` to courses/{course}/course.yaml")
