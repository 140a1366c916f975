"""The command `autograder`. A command's module is imported only when the command is called."""

import importlib
from importlib.util import find_spec
from typing import Any

import click

from autograder.errors import KitError

# The line that `autograder --help` shows for each. Its module is autograder.commands.<name>, its function has its name.
COMMANDS = {
    "new": "Copy the template to a new exercise and say what to edit.",
    "build": "Make nbgrader course directories from courses and exercises.",
    "verify": "Prove the graders of exercises.",
    "grade": "Grade the submissions of a course.",
    "feedback": "Write the feedback pages for learners.",
    "report": "Report on a cohort.",
    "export": "Export the marks.",
    "demo": "Grade a demo cohort, end to end.",
    "catalogue": "Make the page of all courses and the notebooks to take along.",
    "hub": "Check, run, back up a JupyterHub on this machine from one hub.yaml.",
    "doctor": "Say whether this machine can build and grade, and how to mend it.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name, and turns a KitError of any of them into text and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that are installed, in the order in which they are used."""
        return [name for name in COMMANDS if find_spec(f"autograder.commands.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command's module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(importlib.import_module(f"autograder.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for --help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error that a person can act on is shown without a traceback."""
        try:
            return super().invoke(ctx)
        except KitError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Build, prove and grade the exercises of the AI Factory Course Kit."""


if __name__ == "__main__":
    main()
