"""One build of one exercise in a process of its own: python -m autograder.verify.build_once FOLDER OUT."""

import sys
from pathlib import Path

from autograder.build.course import build_course
from autograder.catalogue.find import Course, exercise_at
from autograder.errors import KitError


def main(folder: Path, out_dir: Path) -> int:
    """Builds the exercise in `folder` (`<course>/<unit>`) into `out_dir/<course>`; the exit status."""
    exercise = exercise_at(folder)
    try:
        build_course(Course(exercise.course, None, (exercise,)), out_dir)
    except KitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
