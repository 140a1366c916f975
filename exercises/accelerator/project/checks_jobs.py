"""Slow training runs: what a profile says of one, how fast it is with some of its fixes, and the run itself, served.

Speeds come from a simulation of some steps, lane by lane, and not from a formula.
"""

import builtins
import copy

from workbench.served import Refuse, Served, exposed

HOURS = 48.0  # from the start to the deadline
PROFILE_HOURS = 1.0
STEPS = 40  # of a simulation
QUEUE = 4  # batches that wait at most, and steps that the program is ahead of the device at most
PARTS = ("input_ms", "host_ms", "compute_ms", "memory_ms")


def random_job(rng):
    """What a profile says of a run: the work of one step in ms, memory in GiB, and what each fix costs and changes.

    Today nothing goes on side by side, so that a step takes the sum of the four times.
    """
    shares = rng.permutation([rng.uniform(0.3, 0.45), rng.uniform(0.2, 0.3), rng.uniform(0.15, 0.25), 0.12])
    step_ms = rng.uniform(300, 900)
    times_ms = {name: round(float(step_ms * share), 1) for name, share in zip(PARTS, shares, strict=True)}
    fixed_gib, activations_gib = (round(float(rng.uniform(*limits)), 1) for limits in ((5, 9), (8, 14)))
    more = int(rng.choice([2, 4]))  # the bigger batch needs a fix of the memory, or two
    room = rng.uniform(0.1, 0.9) * activations_gib
    fixes = {
        "workers": (rng.uniform(1, 8), {"input_ms": 1 / int(rng.choice([2, 4, 8]))}),
        "no-sync": (rng.uniform(2, 10), {}),
        "graph": (rng.uniform(3, 14), {"host_ms": rng.uniform(0.05, 0.3)}),
        "fuse": (rng.uniform(3, 14), {"memory_ms": rng.uniform(0.3, 0.6)}),
        "bf16": (
            rng.uniform(2, 12),
            {"compute_ms": rng.uniform(0.2, 0.5), "memory_ms": rng.uniform(0.5, 0.7), "activations_gib": 0.5},
        ),
        "checkpoint": (
            rng.uniform(1, 6),
            {"compute_ms": 4 / 3, "memory_ms": 4 / 3, "activations_gib": rng.uniform(0.15, 0.4)},
        ),
        "big-batch": (
            rng.uniform(1, 5),
            {
                **dict.fromkeys(("batch", "input_ms", "activations_gib"), more),
                "compute_ms": more * rng.uniform(0.75, 0.95),
                "memory_ms": more * rng.uniform(0.5, 0.8),  # weights and optimiser move as before
            },
        ),
    }
    listed = {}
    for name in rng.permutation(list(fixes)):
        hours, times = fixes[str(name)]
        listed[str(name)] = {
            "hours": round(2 * float(hours)) / 2,
            "times": {k: round(float(v), 4) for k, v in times.items()},
        }
    return {
        "batch": int(rng.choice([8, 16, 32])),
        **times_ms,
        "fixed_gib": fixed_gib,
        "activations_gib": activations_gib,
        "capacity_gib": round(float(fixed_gib + activations_gib + room), 1),
        "fixes": listed,
    }


def changed(job, fixes):
    """The numbers of a profile after these fixes; each fix multiplies some of them."""
    numbers = {name: value for name, value in job.items() if name != "fixes"}
    for fix in fixes:
        for name, factor in job["fixes"][fix]["times"].items():
            numbers[name] = numbers[name] * factor
    return numbers


def needed_gib(job, fixes):
    """What a step needs of the device's memory."""
    numbers = changed(job, fixes)
    return numbers["fixed_gib"] + numbers["activations_gib"]


def fits(job, fixes):
    return needed_gib(job, fixes) <= job["capacity_gib"]


def simulated_ms(job, fixes):
    """The ms for each sample: simulates some steps, and looks how long one takes once all lanes are at work."""
    now = changed(job, fixes)
    kernels_ms = now["memory_ms"] + now["compute_ms"]
    ready, taken, done = [], [], []  # for each step: its batch is ready, the program takes it, the device is done
    program = 0.0  # the program is free again
    for step in range(STEPS):
        if "workers" in fixes:  # they work ahead, until the queue is full
            begin = max(ready[-1] if ready else 0.0, taken[step - QUEUE] if step >= QUEUE else 0.0)
            ready.append(begin + now["input_ms"])
            program = max(program, ready[-1])
            taken.append(program)
        else:  # the program fetches its batch itself
            program += now["input_ms"]
        if "no-sync" in fixes and step >= QUEUE:
            program = max(program, done[step - QUEUE])
        program += now["host_ms"]
        done.append(max(program, done[-1] if done else 0.0) + kernels_ms)
        if "no-sync" not in fixes:
            program = done[-1]
    half = STEPS // 2
    return (done[-1] - done[half - 1]) / (STEPS - half) / now["batch"]


def waits_for(job, fixes):
    """Who sets the pace of a step; "program+device" where the two take turns."""
    now = changed(job, fixes)
    device_ms, program_ms = now["compute_ms"] + now["memory_ms"], now["host_ms"]
    program_ms += 0 if "workers" in fixes else now["input_ms"]
    if "workers" in fixes and now["input_ms"] > simulated_ms({**job, "input_ms": 0}, fixes) * now["batch"]:
        return "workers"
    if "no-sync" in fixes:
        return "device" if device_ms >= program_ms else "program"
    return "program+device"


class Speeds:
    """Samples per hour of a job with each set of fixes; each set is simulated once."""

    def __init__(self, job):
        self.job, self._known = job, {}

    def __call__(self, fixes):
        key = frozenset(fixes)
        if key not in self._known:
            self._known[key] = 3.6e6 / simulated_ms(self.job, key)
        return self._known[key]


def samples_of(job, order, speeds=None):
    """What a run has trained at the deadline: one profile, then these fixes in this order, then it goes on."""
    run = SlowRun(job, speeds)
    run.profile()
    for fix in order:
        if job["fixes"][fix]["hours"] <= run.hours_left():
            try:
                run.apply(fix)
            except Refuse:
                continue
    return run.finish()


class SlowRun(Served):
    """A training run until its deadline. It trains while somebody prepares a fix, at the speed that it has then.

    Attributes:
        applied: the fixes in their order; crashes: those that did not fit, with the GiB needed; profiles: how often.
        samples: trained so far.
    """

    def __init__(self, job, speeds=None):
        self._job, self._speeds = job, speeds or Speeds(job)
        self._hours_left, self.samples = HOURS, 0.0
        self.applied, self.crashes, self.profiles = [], [], 0
        self.constants = {"fixes": list(job["fixes"])}

    @exposed
    def profile(self):
        """Records a step and takes it apart, as in part 2. Costs one hour, in which nothing is trained."""
        self._pass(PROFILE_HOURS, speed=0.0)
        self.profiles += 1
        return self._job

    @exposed
    def forecast(self, fixes):
        """(ms for each sample, GiB needed) of the run with these fixes. Free, but only after a profile."""
        if not self.profiles:
            raise Refuse("forecast: nobody knows yet where the time goes; call profile first", type="RuntimeError")
        names = self._known(fixes)
        return [3.6e6 / self._speeds(names), needed_gib(self._job, names)]

    @exposed
    def apply(self, fix):
        """Prepares a fix while the run goes on as it is; then restarts with it. MemoryError: it does not fit."""
        (fix,) = self._known([fix])
        if fix in self.applied:
            raise Refuse(f"apply: the run has {fix} already", type="ValueError")
        hours = self._job["fixes"][fix]["hours"]
        if hours > self._hours_left:
            text = f"apply: {fix} takes {hours:g} hours, and the deadline is in {self._hours_left:g}"
            raise Refuse(text, type="RuntimeError")
        self._pass(hours)
        if not fits(self._job, [*self.applied, fix]):
            needed = needed_gib(self._job, [*self.applied, fix])
            self.crashes.append((fix, needed))
            text = f"out of memory: with {fix} a step needs {needed:.1f} of {self._job['capacity_gib']:g} GiB"
            raise Refuse(f"{text}. The run goes on without it; the {hours:g} hours are gone", type="MemoryError")
        self.applied.append(fix)

    @exposed
    def hours_left(self):
        """Hours until the deadline."""
        return self._hours_left

    def finish(self):
        """Trains until the deadline; the samples of the whole run. Not exposed."""
        self._pass(self._hours_left)
        return self.samples

    def _pass(self, hours, speed=None):
        hours = min(hours, self._hours_left)
        self.samples += hours * (self._speeds(self.applied) if speed is None else speed)
        self._hours_left -= hours

    def _known(self, fixes):
        known = list(self._job["fixes"])
        names = fixes if isinstance(fixes, (list, tuple, set, frozenset)) else [None]
        if not all(isinstance(name, str) and name in known for name in names) or len(set(names)) < len(names):
            raise Refuse(
                f"the fixes of this run are {', '.join(known)}, each once; came {fixes!r}"[:300], type="ValueError"
            )
        return list(names)


class PracticeRun(SlowRun):
    """The same run inside a notebook, where nobody stands between: its refusals are Python's own errors.

    Attributes:
        log: after each change, and at the deadline: dict(hour, samples so far, speed in samples per hour from
            now on, what, fixes).
    """

    def __init__(self, job, speeds=None):
        super().__init__(copy.deepcopy(job), speeds)
        self.log = []
        self._note("(start)")

    def profile(self):
        profiled = copy.deepcopy(super().profile())
        self._note("(profile)")
        return profiled

    def finish(self):
        samples = super().finish()
        self._note("(deadline)")
        return samples

    def forecast(self, fixes):
        return self._or_error(super().forecast, fixes)

    def apply(self, fix):
        try:
            self._or_error(super().apply, fix)
        except MemoryError:
            self._note(f"{fix}: no room")
            raise
        self._note(fix)

    def _note(self, what):
        now = {"hour": HOURS - self._hours_left, "samples": self.samples, "speed": self._speeds(self.applied)}
        self.log.append({**now, "what": what, "fixes": list(self.applied)})

    def _or_error(self, method, value):
        try:
            return method(value)
        except Refuse as refusal:
            raise getattr(builtins, refusal.type)(str(refusal)) from None


def tight_job(rng):
    """A job whose bigger batch fits only after both fixes of the memory."""
    while True:
        job = random_job(rng)
        today, both = needed_gib(job, []), needed_gib(job, ["bf16", "checkpoint", "big-batch"])
        with_one = min(needed_gib(job, [fix, "big-batch"]) for fix in ("bf16", "checkpoint"))
        if with_one > 1.02 * max(today, both):
            return {**job, "capacity_gib": round(0.3 * with_one + 0.7 * max(today, both), 1)}
