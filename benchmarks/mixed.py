"""How much of the machine's time goes into what learners and checks compute, for a cohort of the kit's own exercises.

Right and wrong answers to each exercise, in turn. Wall time × cores / CPU seconds of learners' processes and checks: 1
would be a grader that costs nothing and never lets a core wait.
"""

import argparse
import json
import os
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from cohort import timed_s  # beside this file

from autograder.build.authored import read_exercise
from autograder.build.bundle import solution_notebook
from autograder.build.course import build_course
from autograder.catalogue.find import find_catalogue
from autograder.grade.cohort import JOURNAL
from autograder.grade.journal import Journal

# A fault on purpose ends a kernel or waits for its limit: that is no measure of the grader's own cost.
WITHOUT = "("


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=24, help="of each exercise")
    wanted = parser.parse_args()
    catalogue = find_catalogue()
    cores = len(os.sched_getaffinity(0))
    wall_s = learners_s = checks_s = 0.0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in sorted(catalogue.course_files):
            course = build_course(catalogue.course(name), Path(folder))
            for exercise in catalogue.course(name).exercises:
                authored = read_exercise(exercise)
                plain = [one for one in authored.variants if not any(WITHOUT in check for check in one.caught_by)]
                answers = [{}, *(variant.solutions for variant in plain)]
                for number, answer in enumerate(islice(cycle(answers), wanted.submissions)):
                    path = course / "submitted" / f"learner-{number:03}" / exercise.unit / f"{exercise.unit}.ipynb"
                    path.parent.mkdir(parents=True)
                    path.write_text(json.dumps(solution_notebook(exercise, answer)), encoding="utf-8")
            took_s = timed_s([sys.executable, "-m", "autograder", "grade", name, "--build", folder])
            results = [record.result for record in Journal(course / JOURNAL).records()]
            own_s, of_checks_s = sum(r.cpu_s for r in results), sum(r.checks_cpu_s for r in results)
            ratio = took_s * cores / (own_s + of_checks_s)
            print(
                f"{name:14} {len(results):4} submissions, {took_s:6.1f} s: learners {own_s:6.1f} s, "
                f"checks {of_checks_s:6.1f} s of CPU; ratio {ratio:.2f}"
            )
            wall_s, learners_s, checks_s = wall_s + took_s, learners_s + own_s, checks_s + of_checks_s
    ratio = wall_s * cores / (learners_s + checks_s)
    print(f"all: wall × {cores} cores / CPU seconds of learners and checks: {ratio:.2f}")


if __name__ == "__main__":
    main()
