"""How well 16 workers on one machine overlap submissions that only wait: ideal wall time over measured wall time."""

import argparse
import time

from cohort import EXERCISES, UNIT  # beside this file

from autograder.build.bundle import make_bundle, solution_notebook
from autograder.catalogue.find import Exercise, exercise_at
from autograder.grade.clusters import connect
from autograder.grade.dispatch import run_jobs
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import get_ready, run_job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2, help="submissions of each worker")
    parser.add_argument("--wait-s", type=float, default=20.0)
    options = parser.parse_args()
    exercise = exercise_at(EXERCISES / "bench" / UNIT)
    bundle = make_bundle(exercise)
    get_ready([bundle])
    run_job(job(0, 0.0, exercise, bundle), bundle)  # the libraries are imported
    jobs = [job(number, options.wait_s, exercise, bundle) for number in range(options.workers * options.rounds)]
    with connect("local", options.workers) as workers:
        start_s = time.monotonic()
        done = list(run_jobs(workers, jobs, {bundle.exercise: bundle}, probe=False))
        wall_s = time.monotonic() - start_s
    assert all(isinstance(outcome, Result) and outcome.earned == outcome.max_points for outcome in done)
    ideal_s = options.rounds * options.wait_s
    print(f"{len(jobs)} submissions that wait {options.wait_s:g} s, {options.workers} workers: {wall_s:.1f} s")
    print(f"ideal {ideal_s:g} s, efficiency {100 * ideal_s / wall_s:.0f} %")


def job(number: int, wait_s: float, exercise: Exercise, bundle: Bundle) -> Job:
    answer = f"import time\n\ntime.sleep({wait_s})\n\n\ndef softmax(x_BC):\n    return torch.softmax(x_BC, dim=-1)"
    return Job(
        key=f"waits-{number}",
        learner=f"learner-{number}",
        exercise=bundle.exercise,
        notebook=solution_notebook(exercise, {"softmax": answer}),
        notebook_sha256="0" * 64,
        seed_hex="ab" * 32,
    )


if __name__ == "__main__":
    main()
