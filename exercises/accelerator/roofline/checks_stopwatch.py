"""Part 4: devices that remember what was done with them, and what their calls tell about a wrong time."""

from checks_algorithms import counted

from workbench.checks import CheckFailed, as_number
from workbench.devices import Device, Quirks
from workbench.served import exposed

# Worst of ten seeds: the solution is off by 1.9 %, a median of 51 launches by 2.7 %; 5 % leave room. With noise of
# 3.5 %, 5 % of outliers and calls that cost 0.6 %, the median of 50 timed launches is off by more than 5 % when 25 of
# them are: by the binomial distribution, in 1.2e-8 of the measurements. 15 measurements are noisy: below 1e-6 in all.
TOLERANCE = 0.05
NOISE = 0.035
OUTLIER_SHARE = 0.05
MOST_COLD_LAUNCHES = 30  # so 50 timed launches without warm-up are mostly cold ones
LAUNCH_BUDGET = 200
LEAST_TIMED = 50


class WatchedDevice(Device):
    """A device that also remembers when its clock was read; `start_over` begins a new measurement.

    Attributes:
        first_launch: so many launches were made before this measurement.
        launches_at_readings: for each reading, how many launches were made before it.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.start_over()

    def start_over(self):
        self.synchronizations = self.unwaited_readings = self.busy_readings = 0
        self.first_launch, self.launches_at_readings = len(self.launches), []

    @exposed
    def now(self):
        self.launches_at_readings.append(len(self.launches))
        return super().now()

    @property
    def own_launches(self):
        return self.launches[self.first_launch :]

    def timed(self, skipped=0):
        """At most so many launches were timed: those between the first and the last reading of the clock.

        skipped: of all launches since the start, this many do not count.
        """
        first, last = self.launches_at_readings[0], self.launches_at_readings[-1]
        return max(0, last - max(first, skipped))

    @property
    def timed_when_warm(self):
        return self.timed(skipped=self._quirks.cold_launches)


def random_device(rng, **quirks):
    """A device with one kernel, a size for it, and the quirks given; one launch takes 1 to 5 ms."""
    size = int(rng.integers(100, 10_000))
    kernel = str(rng.choice(["matmul", "softmax", "layer_norm"]))
    seconds_per_element = {kernel: float(rng.uniform(1e-3, 5e-3)) / size}
    return WatchedDevice(rng, seconds_per_element, Quirks(**quirks), launch_budget=LAUNCH_BUDGET), kernel, size


def cold_start(rng):
    """Quirks of a device that has compiled nothing and stays cold for as long as the text allows."""
    return {"compile_s": float(rng.uniform(0.3, 2)), "cold_launches": MOST_COLD_LAUNCHES, "cold_factor": 1.6}


TOO_LARGE = "this is too long for a typical launch: perhaps cold launches or outliers weigh in your result"
TOO_SMALL = "this is too short for a typical launch: perhaps it is your luckiest launch"


def measure(submission, device, kernel, size, too_large=TOO_LARGE, too_small=TOO_SMALL, least_timed=0):
    """Fails unless the estimate is near the true time, from enough launches; what the device saw tells the reason."""
    device.start_over()
    true_s = device.true_s(kernel, size)
    estimate_s = as_number(submission.call("benchmark", device, kernel, size), name="the time")
    is_near = abs(estimate_s / true_s - 1) <= TOLERANCE
    why = why_never_right(device, kernel, size)
    if not why and not is_near:
        why = why_too_far(device, estimate_s / true_s)
    if not why:
        why = why_too_few(device, least_timed)
    if not why and not is_near:
        why = too_large if estimate_s > true_s else too_small
    if why:
        raise CheckFailed(
            why,
            expected=f"{true_s * 1e3:.4g} ms, within {TOLERANCE:.0%}",
            came=f"{estimate_s * 1e3:.4g} ms",
            given=f"{counted(len(device.own_launches), 'launch')}, "
            f"{counted(device.synchronizations, 'synchronize call')}",
        )


def why_never_right(device, kernel, size):
    """What makes any time worthless, however near it is; "" when nothing does."""
    if (kernel, size) not in device.own_launches:
        return f"{kernel!r} of size {size} was never launched"
    if not device.launches_at_readings:
        return "device.now() was never called: the device here has a clock of its own"
    return ""


def why_too_far(device, ratio):
    """What went wrong, as far as the calls tell; "" when they tell nothing."""
    if ratio > 1 and device.synchronizations and device.busy_readings:
        return "the clock started while the device was still busy with earlier work"
    if ratio > 1 and len(device.own_launches) < 5:
        return "so few launches see little but compilation, a cold device and bad luck"
    if device.synchronizations == 0:
        return "synchronize was never called: this is the time to queue a kernel, not the time to run it"
    if ratio < 0.5 and device.unwaited_readings:
        return "the clock was read after a launch, but before the device was done with it"
    if 500 < ratio < 2000:
        return "a thousand times too much: these are milliseconds, not seconds"
    return ""


def why_too_few(device, least):
    timed, when_warm = device.timed(), device.timed_when_warm
    if timed < least:
        return f"only {counted(timed, 'launch')} {'was' if timed == 1 else 'were'} timed: take {least} or more"
    if when_warm < least:
        return f"only {when_warm} of {timed} timed launches met a warm device: take {least} or more, after the warm-up"
    return ""


def only_asked(device, kernel, size):
    """Fails when the device had to run what nobody asked for."""
    others = [launch for launch in device.own_launches if launch != (kernel, size)]
    if others:
        why = "another kernel or size was launched than was asked for"
        expected, came = (f"{name!r} of size {number}" for name, number in ((kernel, size), others[0]))
        raise CheckFailed(why, expected=expected, came=came)
