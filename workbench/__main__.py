"""The `workbench` program, for people who learn."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from workbench.errors import KitError


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; exits with its status. An error that a person can act on is shown without a traceback."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
    except KitError as error:
        sys.exit(f"workbench {options.command}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # of `workbench progress | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="workbench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return made

    command("doctor", _doctor, "Say what is there on this machine, what is missing, and how to mend it.")

    start = command(
        "start", _start, "Put the notebooks of all courses into a folder, never over your work, and open them."
    )
    start.add_argument("folder", nargs="?", metavar="FOLDER", help="default: ~/ai-factory-courses")
    start.add_argument("--no-browser", action="store_true", help="say the address only")
    start.add_argument("--port", type=int, default=8888, help="the first one that is tried (default: %(default)s)")
    start.add_argument("--copy-only", action="store_true", help="put the notebooks there and end")
    _shelf_option(start)

    progress = command("progress", _progress, "Show what you have read, tried and passed, and what to do next.")
    progress.add_argument("course", nargs="?", metavar="COURSE", help="default: all courses")
    _shelf_option(progress)

    grade = command("grade", _grade, "Run a notebook and give your own mark, for yourself.")
    grade.add_argument("notebook", metavar="NOTEBOOK|COURSE/UNIT", help="a file, or a unit in the folder of `start`")
    grade.add_argument("--folder", metavar="FOLDER", help="where COURSE/UNIT is; default: ~/ai-factory-courses")
    grade.add_argument("--visible", action="store_true", help="only by the checks that you can see")
    grade.add_argument("--json", action="store_true", help="for programs")

    bundle = command("bundle", _bundle, "Pack all that a machine without network needs into one archive.")
    bundle.add_argument("archive", metavar="OUT.tar.gz")
    _shelf_option(bundle)
    return parser


def _shelf_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--catalogue", metavar="FOLDER", help="made by `autograder catalogue`; default: found")


def _doctor(_: argparse.Namespace) -> int:
    from workbench import doctor

    return doctor.main()


def _start(options: argparse.Namespace) -> int:
    from workbench.shelf import open_shelf
    from workbench.start import start

    shelf = open_shelf(_path(options.catalogue))
    browser = not options.no_browser
    return start(_folder(options), shelf, browser=browser, port=options.port, copy_only=options.copy_only)


def _progress(options: argparse.Namespace) -> int:
    from workbench.progress_command import show
    from workbench.shelf import open_shelf

    return show(open_shelf(_path(options.catalogue)), options.course)


def _grade(options: argparse.Namespace) -> int:
    from workbench.own_mark import as_dict, own_mark

    notebook = Path(options.notebook)
    course, _, unit = options.notebook.partition("/")
    if not notebook.is_file() and unit and "/" not in unit and not unit.endswith(".ipynb"):
        notebook = _folder(options) / course / unit / "exercise" / f"{unit}.ipynb"
    mark = own_mark(notebook, visible_only=options.visible)
    print(json.dumps(as_dict(mark), indent=1) if options.json else "\n".join(mark.lines()))
    return 0


def _bundle(options: argparse.Namespace) -> int:
    from workbench.bundling import make_bundle
    from workbench.shelf import open_shelf

    return make_bundle(Path(options.archive), open_shelf(_path(options.catalogue)))


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _folder(options: argparse.Namespace) -> Path:
    from workbench.start import DEFAULT_FOLDER

    return Path(options.folder or DEFAULT_FOLDER).expanduser()


if __name__ == "__main__":
    main()
