"""Served devices and clocks: a learner measures them, and only the checker's side knows the true times.

Time is simulated. Two clocks run: that of the host, which `now` reads, and the moment at which the device will have
emptied its queue. A launch moves the first a little and the second a lot; that is why a time taken without
`synchronize` measures nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.served import Refuse, Served, exposed

if TYPE_CHECKING:
    import numpy

MAX_SIZE = 2**40


class Clock(Served):
    """A clock that only its owner moves; `now` gives seconds."""

    def __init__(self, start_s: float = 0.0) -> None:
        self.time_s = start_s

    @exposed
    def now(self) -> float:
        """Seconds since a moment that nobody promises."""
        return self.time_s

    def advance(self, seconds: float) -> None:
        """Moves the clock forward. Not exposed: a learner's code cannot."""
        if seconds < 0:
            raise ValueError(f"a clock runs forward; came {seconds} s")
        self.time_s += seconds


@dataclass(frozen=True)
class Quirks:
    """What makes a device hard to time.

    Attributes:
        compile_s: the first launch of each kernel and size keeps the host waiting this long.
        cold_launches, cold_factor: so many launches run slower by this factor, until the device is warm.
        noise: standard deviation of the logarithm of each duration; the median stays the true time.
        outlier_share, outlier_factor: this share of the launches takes longer by a factor from this range.
        launch_s, synchronize_s, read_s: what the host spends in each call.
        busy_s: work of somebody else that is in the queue when the device is handed over.
    """

    compile_s: float = 0.0
    cold_launches: int = 0
    cold_factor: float = 1.0
    noise: float = 0.0
    outlier_share: float = 0.0
    outlier_factor: tuple[float, float] = (3.0, 20.0)
    launch_s: float = 4e-6
    synchronize_s: float = 2e-6
    read_s: float = 1e-7
    busy_s: float = 0.0


class Device(Served):
    """An asynchronous device: `launch` puts a kernel into its queue and returns before the kernel has run.

    Args:
        rng: makes the noise; two devices with equal generators behave alike.
        seconds_per_element: the kernels that it knows, and the true time of each for one element.
        quirks: what makes it hard to time.
        launch_budget: launches after this many are refused; None: no limit.
        clock: the host's clock; its own when None.

    Attributes:
        launches: (kernel, size) of each launch so far, in order.
        synchronizations: calls of `synchronize` so far.
        unwaited_readings: readings of the clock that followed a launch without a `synchronize` between.
        busy_readings: readings of the clock while the queue held work, whoever launched it.
    """

    def __init__(
        self,
        rng: "numpy.random.Generator",
        seconds_per_element: Mapping[str, float],
        quirks: Quirks | None = None,
        *,
        launch_budget: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._rng, self._seconds_per_element = rng, dict(seconds_per_element)
        self._quirks, self._launch_budget = quirks or Quirks(), launch_budget
        self._clock = clock or Clock(start_s=float(rng.uniform(10, 1000)))
        self._idle_from_s = self._clock.time_s + self._quirks.busy_s
        self._compiled: set[tuple[str, int]] = set()
        self.launches: list[tuple[str, int]] = []
        self.synchronizations = 0
        self.unwaited_readings = 0
        self.busy_readings = 0
        self._waited = True
        self.constants = {"kernels": sorted(self._seconds_per_element), "launch_budget": launch_budget}  # type: ignore[misc]

    def true_s(self, kernel: str, size: int) -> float:
        """Seconds of one launch in the steady state: the median without disturbance. Not exposed."""
        return self._seconds_per_element[kernel] * size

    @exposed
    def launch(self, kernel: Any, size: Any) -> None:
        """Puts one run of `kernel` on `size` elements into the queue; does not wait for it."""
        self._refuse_unknown(kernel, size)
        if self._launch_budget is not None and len(self.launches) >= self._launch_budget:
            raise Refuse(f"the budget of {self._launch_budget} launches is used up", type="RuntimeError")
        self._clock.advance(self._quirks.launch_s)
        if (kernel, size) not in self._compiled:
            self._compiled.add((kernel, size))
            self._clock.advance(self._quirks.compile_s)
        self._idle_from_s = max(self._idle_from_s, self._clock.time_s) + self._duration_s(kernel, size)
        self.launches.append((kernel, size))
        self._waited = False

    @exposed
    def synchronize(self) -> None:
        """Waits until the queue is empty."""
        self._clock.advance(max(0.0, self._idle_from_s - self._clock.time_s) + self._quirks.synchronize_s)
        self.synchronizations += 1
        self._waited = True

    @exposed
    def now(self) -> float:
        """The host's clock in seconds."""
        self._clock.advance(self._quirks.read_s)
        self.unwaited_readings += not self._waited
        self.busy_readings += self._clock.time_s < self._idle_from_s
        return self._clock.time_s

    def _duration_s(self, kernel: str, size: int) -> float:
        """Draws the same number of random values at each launch, so that one quirk does not shift another's luck."""
        noise, luck, factor = self._rng.normal(), self._rng.uniform(), self._rng.uniform(*self._quirks.outlier_factor)
        duration_s = self.true_s(kernel, size) * math.exp(self._quirks.noise * float(noise))
        if len(self.launches) < self._quirks.cold_launches:
            duration_s *= self._quirks.cold_factor
        return duration_s * float(factor) if luck < self._quirks.outlier_share else duration_s

    def _refuse_unknown(self, kernel: Any, size: Any) -> None:
        if not isinstance(kernel, str) or kernel not in self._seconds_per_element:
            known = ", ".join(sorted(self._seconds_per_element))
            raise Refuse(f"launch: this device knows the kernels {known}; came {kernel!r}"[:300], type="ValueError")
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
            text = f"launch: size is a whole number from 1 to 2**40; came {size!r}"
            raise Refuse(text[:300], type="ValueError")
