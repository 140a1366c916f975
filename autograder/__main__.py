"""The program `autograder`."""

import signal
import sys


def main() -> None:
    """Runs a command. Where only the learners' part of the kit is installed, it says what is missing."""
    try:
        from autograder.cli import main as commands
    except ModuleNotFoundError as error:
        sys.exit(
            f"autograder: the grader is not installed here: there is no {error.name}.\n"
            "mend: pip install 'ai-factory-course-kit[grader]'"
        )
    # Ended by a service manager, it ends as by Ctrl-C: what was graded is kept, and no worker is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    commands()


if __name__ == "__main__":
    main()
