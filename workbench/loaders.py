"""Served workers that load batches, and a trainer that uses them up, in simulated time.

Nothing runs in the background. How long each load takes is fixed from the start, so the moment at which a batch will
be ready is known when it is submitted. The clock moves only while somebody waits for a batch or trains on one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.devices import Clock
from workbench.served import Refuse, Served, exposed

TICKS = 100  # of a drawn timeline, at most


@dataclass
class Load:
    """One batch on its way: what was loaded, by which worker, and when. `collected_s` is None until it is collected."""

    batch: int
    worker: int
    submitted_s: float
    started_s: float
    ready_s: float
    collected_s: float | None = None


@dataclass(frozen=True)
class Step:
    """One training step: on what, when, and how many batches were under way meanwhile."""

    batch: Any
    started_s: float
    ended_s: float
    under_way: int


class Loader(Served):
    """Workers that load batches; each takes the loads in the order in which they were submitted.

    Args:
        load_s: how long each batch takes to load, in seconds; batch i takes `load_s[i]`.
        n_workers: so many batches are loaded at the same time.
        contents: what `result` gives for each batch; its number when None.
        broken: batches that cannot be loaded, and the error's text.
        clock: its own when None.

    Attributes:
        loads: every load so far, in the order of `submit`.
        most_under_way: the most batches that were submitted and not yet collected at one time.
        most_in_hand: the most batches that were collected and not yet trained on at one time.
        handed_over: how many batches the trainer got.
    """

    def __init__(
        self,
        load_s: Sequence[float],
        n_workers: int = 1,
        *,
        contents: Sequence[Any] | None = None,
        broken: Mapping[int, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.load_s, self.clock = list(load_s), clock or Clock()
        self.contents = list(range(len(self.load_s))) if contents is None else list(contents)
        self.broken = dict(broken or {})
        self.loads: list[Load] = []
        self.most_under_way = self.most_in_hand = self.handed_over = 0
        self._free_s = [self.clock.time_s] * n_workers
        self._under_way: dict[int, Load] = {}
        self._collected = 0
        self.constants = {"n_batches": len(self.load_s), "n_workers": n_workers}  # type: ignore[misc]

    @property
    def under_way(self) -> int:
        """How many batches are submitted and not yet collected."""
        return len(self._under_way)

    @exposed
    def submit(self, batch: Any) -> None:
        """Asks the workers to load this batch; returns at once."""
        number = self._number(batch, "submit")
        if number in self._under_way:
            raise Refuse(f"submit: batch {number} is already under way", type="ValueError")
        worker = min(range(len(self._free_s)), key=self._free_s.__getitem__)
        started_s = max(self.clock.time_s, self._free_s[worker])
        self._free_s[worker] = started_s + self.load_s[number]
        load = Load(number, worker, self.clock.time_s, started_s, self._free_s[worker])
        self.loads.append(load)
        self._under_way[number] = load
        self.most_under_way = max(self.most_under_way, self.under_way)

    @exposed
    def result(self, batch: Any) -> Any:
        """Waits until this batch is loaded, and gives it; raises OSError when it could not be loaded."""
        number = self._number(batch, "result")
        if number not in self._under_way:
            text = f"result: batch {number} is not under way: submit it first, and collect it once"
            raise Refuse(text, type="ValueError")
        load = self._under_way.pop(number)
        self.clock.advance(max(0.0, load.ready_s - self.clock.time_s))
        load.collected_s = self.clock.time_s
        if number in self.broken:
            raise Refuse(self.broken[number], type="OSError")
        self._collected += 1
        self.most_in_hand = max(self.most_in_hand, self._collected - self.handed_over)
        return self.contents[number]

    def _number(self, batch: Any, call: str) -> int:
        if isinstance(batch, bool) or not isinstance(batch, int):
            raise Refuse(f"{call}: a batch is named by its number; came {batch!r}"[:300], type="TypeError")
        if not 0 <= batch < len(self.load_s):
            there_are = f"batches 0 to {len(self.load_s) - 1}" if self.load_s else "no batches"
            raise Refuse(f"{call}: there are {there_are}; came {batch!r}"[:300], type="IndexError")
        return batch


class Trainer(Served):
    """Trains on one batch after another; each step takes `step_s` seconds, in which the loader's workers go on.

    Args:
        loader: where the batches come from; its clock is the trainer's too.
        most_steps: further steps are refused; None: no limit.

    Attributes:
        steps: every step so far.
    """

    def __init__(self, loader: Loader, step_s: float, *, most_steps: int | None = None) -> None:
        self.step_s, self.steps = step_s, list[Step]()
        self._loader, self._most_steps, self._ready_s = loader, most_steps, loader.clock.time_s

    @exposed
    def train(self, batch: Any) -> None:
        """One step on this batch."""
        if self._most_steps is not None and len(self.steps) >= self._most_steps:
            raise Refuse(f"train: there are only {self._most_steps} batches to train on", type="RuntimeError")
        started_s = self._loader.clock.time_s
        self._loader.handed_over += 1
        self._loader.clock.advance(self.step_s)
        self.steps.append(Step(batch, started_s, self._loader.clock.time_s, self._loader.under_way))

    def waits_s(self) -> list[float]:
        """How long the trainer waited before each step, in seconds. Not exposed."""
        ended_s = [self._ready_s, *(step.ended_s for step in self.steps)]
        return [step.started_s - before_s for step, before_s in zip(self.steps, ended_s, strict=False)]


def timeline(loader: Loader, trainer: Trainer) -> str:
    """A picture in text: who is busy with which batch (its last digit), one column for each stretch of time."""
    end_s = max([*(load.ready_s for load in loader.loads), *(step.ended_s for step in trainer.steps)], default=0.0)
    if end_s <= 0:
        return "nothing has happened yet"
    column_s = _round_up(end_s / TICKS)
    digits: dict[str, Any] = {
        str(content): load.batch % 10 for load in loader.loads for content in [loader.contents[load.batch]]
    }
    rows = {
        f"worker {worker}": [
            (one.started_s, one.ready_s, one.batch % 10) for one in loader.loads if one.worker == worker
        ]
        for worker in range(loader.constants["n_workers"])
    }
    rows["trainer"] = [(step.started_s, step.ended_s, digits.get(str(step.batch), "?")) for step in trainer.steps]
    columns = round(end_s / column_s)
    drawn = [f"{name:9} {_row(spans, columns, column_s)}" for name, spans in rows.items()]
    return "\n".join([*drawn, f"one column is {column_s:g} s, a dot is waiting; {end_s:g} s in all"])


def _row(spans: Sequence[tuple[float, float, Any]], columns: int, column_s: float) -> str:
    text = ["·"] * columns
    for start_s, stop_s, mark in spans:
        for column in range(round(start_s / column_s), round(stop_s / column_s)):
            text[column] = str(mark)
    return "".join(text)


def _round_up(seconds: float) -> float:
    """The next larger one of 0.001, 0.002, 0.005, 0.01, 0.02, …"""
    size = 1e-6
    while True:
        for factor in (1, 2, 5):
            if size * factor >= seconds:
                return size * factor
        size *= 10
