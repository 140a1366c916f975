"""How many empty jobs a second Dask carries from the coordinator to local workers and back, on the path that real ones
take, and how the coordinator's memory grows.
"""

import argparse
import time
from collections.abc import Iterator

import psutil

from autograder.grade.clusters import Workers, connect
from autograder.grade.dispatch import run_jobs
from autograder.grade.models import Bundle, Job, Limits, PartSpec, Result

PART = PartSpec(name="answer", cell_id="part-answer", max_points=1)
BUNDLE = Bundle(exercise="bench/empty", files={}, skeleton={}, parts=(PART,), limits=Limits(), digest="bench")
WARM_UP = 20  # jobs outside the measurement: until then each worker has imported the grader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with connect("local", options.workers) as workers:
        carried(workers, WARM_UP)
        before_mib = rss_mib()
        start_s = time.perf_counter()
        done, memory_mib = 0, []
        for _ in range(4):
            done += carried(workers, options.jobs // 4)
            memory_mib.append(f"{rss_mib():.0f}")
        wall_s = time.perf_counter() - start_s
    print(f"{done} empty jobs, {options.workers} workers: {wall_s:.1f} s, {done / wall_s:.0f} jobs/s")
    print(f"coordinator (with Dask's scheduler): {before_mib:.0f} MiB, after each quarter {', '.join(memory_mib)} MiB")


def carried(workers: Workers, count: int) -> int:
    """How many jobs of so many came back with a result."""
    outcomes = run_jobs(workers, jobs(count), {BUNDLE.exercise: BUNDLE}, work=at_once)
    return sum(isinstance(outcome, Result) for outcome in outcomes)


def jobs(count: int) -> Iterator[Job]:
    for number in range(count):
        yield Job(
            key=f"job-{number}",
            learner=f"learner-{number}",
            exercise=BUNDLE.exercise,
            notebook={"cells": []},
            notebook_sha256="0" * 64,
            seed_hex="00",
        )


def at_once(job: Job, bundle: Bundle) -> Result:
    """What a worker does with such a job: nothing."""
    return Result.without_run(job.key, job.learner, job.exercise, "refused", "Nothing was run.", bundle.parts)


def rss_mib() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
