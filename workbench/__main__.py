"""The `workbench` program, for people who learn."""

import argparse
import sys

from workbench import doctor


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; exits with its status."""
    parser = argparse.ArgumentParser(prog="workbench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    about = "Say what is there on this machine, what is missing, and how to mend it."
    commands.add_parser("doctor", help=about, description=about)
    parser.parse_args(arguments)
    sys.exit(doctor.main())


if __name__ == "__main__":
    main()
