"""The visible checks of accelerator/project; what the hidden ones share with them is in checks_*.py."""

from checks_jobs import SlowRun, tight_job
from checks_predictions import check_forecast, check_job_is_kept, telling_sets, tiny_job
from checks_rules import ENOUGH, expect_nothing_in_vain, expect_samples, follow, telling_job
from checks_traces import check_bound, check_trace, random_trace

from workbench.checks import part

kernel_part = part("kernel", title="One kernel")
diagnose_part = part("diagnose", title="Where the time goes")
forecast_part = part("forecast", title="What a fix would gain")
drive_part = part("drive", title="Choose and order within 48 hours")


# ---- 1 · kernel


@kernel_part.check(
    points=1,
    title="On both sides of the ridge",
    hints=[
        "How long would the FLOPs take alone, and how long the bytes alone?",
        "FLOPs and bytes cannot be compared with each other. Two times can. In which unit is each of yours?",
    ],
)
def both_sides_of_the_ridge(submission):
    """24 kernels: guessing passes in 6e-8."""
    for number in range(24):
        check_bound(submission, "compute" if number % 3 else "memory")


# ---- 2 · diagnose


@diagnose_part.check(
    points=1,
    title="A run where nothing overlaps",
    hints=[
        "Take the events one after the other: which of them is a kernel, and which of its two times is longer?",
        "What does the program do in the moments in which no kernel runs?",
    ],
)
def nothing_overlaps(submission):
    for kernels in (2, 3, 4):
        check_trace(submission, random_trace(submission.rng, kernels=kernels, workers=False, waits=True))


@diagnose_part.check(
    points=1,
    title="Streams and workers that run side by side",
    hints=[
        "Two kernels run from 10 to 20 and from 15 to 25. For how long was the device busy?",
        "Each moment has one owner. Between which moments does the owner stay the same?",
    ],
)
def side_by_side(submission):
    for kernels in (2, 3, 4, 5):
        check_trace(submission, random_trace(submission.rng, kernels=kernels, workers=True, waits=False))


# ---- 3 · forecast


@forecast_part.check(
    points=1,
    title="One fix at a time",
    hints=[
        "Which of the numbers does this fix multiply, and how long is a step then?",
        "Which of the three (workers, program, device) is at work, and who waits for whom?",
    ],
)
def one_fix_at_a_time(submission):
    job = tiny_job(submission.rng)
    for fixes in [[], *([fix] for fix in job["fixes"])]:
        check_forecast(submission, job, fixes)
    check_job_is_kept(submission, job)


@forecast_part.check(
    points=1,
    title="Fixes together",
    hints=[
        "When two of the three work side by side, how often does a step come out at the end?",
        "Does twice the speed of something that nobody waits for gain anything?",
    ],
)
def fixes_together(submission):
    for job, fixes in telling_sets(submission.rng):
        check_forecast(submission, job, fixes)


# ---- 4 · drive


@drive_part.check(
    points=1,
    title="Spends no hour in vain",
    hints=[
        "What do you know after the first profile, and does it change?",
        "Which numbers tell you, before you pay, whether a step will fit the memory?",
    ],
)
def no_hour_in_vain(submission):
    for _ in range(4):
        job = tight_job(submission.rng)
        run = SlowRun(job)
        follow(submission, run, job)
        expect_nothing_in_vain(run, job)


@drive_part.check(
    points=2,
    title="Better than four rules of thumb",
    hints=[
        "A forecast is free. How many sets of seven fixes are there, and how many orders?",
        "A fix pays from the hour when it is ready to the deadline. What does an order earn in each of its pieces?",
    ],
)
def better_than_rules(submission):
    """A blind search beats each rule by more than CLEAR here, so that ENOUGH is within reach of any search."""
    for _ in range(3):
        job, by_rule = telling_job(submission.rng)
        run = SlowRun(job)
        samples = follow(submission, run, job)
        expect_samples(run, job, samples, ENOUGH * by_rule, f"{ENOUGH - 1:.0%} more than the best rule of thumb")
