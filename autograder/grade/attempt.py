"""One kernel's life in a graded run: cells in order, and at each part's cell the referee's checks."""

import asyncio
import math
import socket
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from autograder.grade.cells import CellEnd, CellRunner, most_wall_s
from autograder.grade.marks import FaultNotes, PartMark
from autograder.grade.models import Bundle, Job, Status
from autograder.nursery import Nursery
from autograder.referee.handle import Referee
from autograder.referee.process import Assignment
from autograder.sandbox.provisioner import SandboxKernel
from autograder.sandbox.spec import SandboxSpec
from workbench.running import Outcome

# The learner's side of a part; whatever the learner has put in its place can only produce values.
SERVE = "__import__('workbench.graded', fromlist=['serve_part']).serve_part()"
REFEREE_ONLY = ("hidden.py",)
REFEREE = "referee"  # what the outcome is called that stands for a referee which broke
AFTER_PART_S = 10.0
AFTER_CELL_S = 2.0  # for the referee's word, when the cell that serves it has ended
WALL_EXTRA_S = 300.0  # of a whole notebook: a backstop for what only sleeps; cells and calls have limits of their own


class StartKernel(Protocol):
    """Starts a kernel and does not wait for it: cold, forked from a warm process, or unsealed."""

    def __call__(self, spec: SandboxSpec, *, link_fd: int, wall_s: float | None = None) -> SandboxKernel: ...


@dataclass
class Step:
    """A code cell of the notebook: its number as a person counts, its source, and the part that it checks."""

    number: int
    name: str
    source: str
    part: str = ""


@dataclass
class Faults(FaultNotes):
    """What went wrong with whole cells."""

    first: Status | None = None
    sentences: list[str] = field(default_factory=list)
    kernels: int = 0

    def note(self, status: Status, sentence: str) -> None:
        self.first = self.first or status
        self.sentences.append(sentence)

    def note_total(self, limit_s: float) -> None:
        self.note("timed out", f"The notebook used its {limit_s:g} s of computing time; what came after was not run.")

    def note_wall(self, limit_s: float) -> None:
        self.note("timed out", f"The notebook took more than {limit_s:g} s; what came after was not run.")


@dataclass
class Plan:
    """What is still to be done, and where its kernels and referees come from.

    `left_out`: cells that ended a kernel. `only`: the parts to check, None for all.
    """

    steps: list[Step]
    folder: str
    nursery: Nursery
    start: StartKernel
    hidden_parts: frozenset[str]
    next_cell: int | None = 0
    left_out: set[int] = field(default_factory=set)
    only: frozenset[str] | None = None
    hidden: bool = True

    @classmethod
    def of(cls, job: Job, bundle: Bundle, folder: str, nursery: Nursery, start: StartKernel) -> "Plan":
        """The steps of a rebuilt notebook; as in papermill, the profile's parameters follow the tagged cell."""
        parts = {part.cell_id: part.name for part in bundle.parts if part.kind == "checked"}
        steps = []
        for number, cell in enumerate(job.notebook["cells"], start=1):
            if cell["cell_type"] != "code":
                continue
            name = str(cell.get("id", ""))
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            part = parts.get(name, "")
            steps.append(Step(number, name, SERVE if part else source, part))
            if "parameters" in cell.get("metadata", {}).get("tags", ()):
                given = "\n".join(f"{key} = {value!r}" for key, value in bundle.parameters.items())
                steps.append(Step(number, name, given))
        return cls(
            steps,
            folder,
            nursery,
            start,
            hidden_parts=frozenset(parts.values()) if "hidden.py" in bundle.files else frozenset(),
            next_cell=0 if steps else None,
            only=frozenset(job.only_parts) or None,
        )

    def parts_after_first_hidden(self) -> list[str]:
        """Parts whose visible checks ran when the learner's process had seen hidden inputs."""
        names = [step.part for step in self.steps if self.wanted(step)]
        return names[1:] if self.hidden_parts else []

    def for_visible(self, parts: list[str]) -> "Plan":
        """The same cells again, but only these parts' visible checks."""
        return replace(self, next_cell=0, only=frozenset(parts), hidden=False)

    def wanted(self, step: Step) -> bool:
        return bool(step.part) and (self.only is None or step.part in self.only)

    def move_on(self, index: int) -> None:
        self.next_cell = index + 1 if index + 1 < len(self.steps) else None

    def give_up_part(self, marks: dict[str, PartMark], text: str) -> None:
        """The referee broke at the part at `next_cell`: a person has to look at it."""
        assert self.next_cell is not None
        part = self.steps[self.next_cell].part
        mark = marks.setdefault(part, PartMark())
        broke = Outcome(REFEREE, "The checks of this part", False, 0.0, 0.0, "broke", message=text)
        mark.rounds.append([broke])
        self.move_on(self.next_cell)


class Attempt:
    """One sandboxed kernel and its referee; `async with` starts both and leaves nothing behind."""

    def __init__(self, plan: Plan, job: Job, bundle: Bundle, *, cpu_left_s: float, wall_left_s: float) -> None:
        self._plan, self._job, self._bundle, self._wall_s = plan, job, bundle, wall_left_s
        self._limits = bundle.limits.model_copy(update={"total_cpu_s": max(cpu_left_s, 1.0)})
        self.cpu_s = 0.0
        self.checks_cpu_s = 0.0
        self.memory_peak_bytes = 0

    async def __aenter__(self) -> Self:
        released = {name: data for name, data in self._bundle.files.items() if name not in REFEREE_ONLY}
        spec = SandboxSpec(limits=self._limits, files=released, env=self._bundle.env, seed=self._job.kernel_seed)
        learner_end, referee_end = socket.socketpair()
        self._kernel = self._plan.start(spec, link_fd=learner_end.fileno(), wall_s=self._wall_s)
        learner_end.close()
        try:
            await self._kernel.wait_ready()
            self._referee = Referee(self._plan.nursery, referee_end, self._assignment(self._kernel))
        except BaseException:
            referee_end.close()
            self._kernel.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._referee.close()
        self.checks_cpu_s = self._referee.cpu_s
        self.cpu_s = self._kernel.sandbox.meter.cpu_s()
        watchdog = self._kernel.sandbox.watchdog
        self.memory_peak_bytes = watchdog.peak_bytes if watchdog is not None else 0
        self._kernel.close()

    async def run(self, marks: dict[str, PartMark], faults: Faults) -> None:
        """Runs from the first cell to the plan's end or the kernel's; parts that were judged are not judged again."""
        cells = CellRunner(self._kernel, self._limits)
        done_before = self._plan.next_cell or 0
        for index, step in enumerate(self._plan.steps):
            if index in self._plan.left_out or (step.part and (index < done_before or not self._plan.wanted(step))):
                continue
            if index >= done_before:
                self._plan.next_cell = index
            alive = (
                await self._part(cells, index, step, marks)
                if step.part
                else await self._cell(cells, index, step, faults)
            )
            if not alive:
                self._plan.left_out.add(index)
                if index >= done_before:
                    self._plan.move_on(index)
                return
        self._plan.next_cell = None

    async def _cell(self, cells: CellRunner, index: int, step: Step, faults: Faults) -> bool:
        """Runs an ordinary cell; whether the kernel lives on."""
        end = await cells.execute(index, step.source)
        out_of_memory = end.error == "MemoryError"
        if end.how != "done" or out_of_memory:
            faults.note(*self._describe(step, end))
            self._plan.left_out.add(index)  # of a later kernel: it would come to the same
        if out_of_memory:
            self._kernel.kill()  # what the cell left in memory would starve the parts after it
        return end.how != "gone" and self._kernel.alive()

    async def _part(self, cells: CellRunner, index: int, step: Step, marks: dict[str, PartMark]) -> bool:
        """Lets the referee check the part while the kernel serves; whether the kernel lives on."""
        mark = marks.setdefault(step.part, PartMark())
        serving = asyncio.ensure_future(cells.execute(index, step.source, limited=False))
        gone = ""
        try:
            for number in range(self._job.rounds):
                last = number == self._job.rounds - 1
                outcomes, gone = await self._judge(serving, step.part, number, last=last)
                mark.add(outcomes)
                if gone:
                    break
            if not gone:
                await asyncio.wait({serving}, timeout=AFTER_PART_S)
        finally:
            if not serving.done():
                serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        if gone:
            timed_out = any(outcome.state == "timed_out" for outcome in mark.worst)
            mark.fault = self._why_gone("timed out" if timed_out else "kernel died")
        return not gone and self._kernel.alive()

    async def _judge(
        self, serving: "asyncio.Future[CellEnd]", part: str, number: int, *, last: bool
    ) -> tuple[list[dict[str, Any]], str]:
        """One round of a part. A cell that has ended serves nobody: the kernel is ended, so that no check waits."""
        judging = asyncio.ensure_future(
            self._referee.judge(part, number, hidden=self._plan.hidden, last=last, interrupt=self._kernel.interrupt)
        )
        both: set[asyncio.Future[Any]] = {judging, serving}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not (await asyncio.wait({judging}, timeout=AFTER_CELL_S if serving.done() else None))[0]:
            self._kernel.kill()
        return await judging

    def _describe(self, step: Step, end: CellEnd) -> tuple[Status, str]:
        cell = f"Cell {step.number} ({step.name})"
        limits = self._limits
        if end.how == "too much output":
            return "too large", f"{cell} wrote more than {limits.output_mib} MiB of output and was stopped."
        if end.how == "timed out":
            return "timed out", f"{cell} was stopped: it may compute for {limits.cpu_s:g} s."
        if end.error == "MemoryError":
            return "out of memory", f"{cell} asked for more memory than there is: {limits.memory_gib:g} GiB in all."
        status = self._why_gone("kernel died")
        if status == "out of memory":
            return status, f"{cell} used more than {limits.memory_gib:g} GiB of memory; the kernel was ended there."
        if status == "timed out":
            return status, f"{cell} was stopped: the notebook's computing time was used up."
        return status, f"The kernel ended in {cell[0].lower()}{cell[1:]}; the cell was left out and the rest was run."

    def _why_gone(self, otherwise: Any) -> Any:
        watchdog = self._kernel.sandbox.watchdog
        reason = watchdog.reason if watchdog is not None else ""
        return {"memory": "out of memory", "cpu": "timed out", "wall": "timed out"}.get(reason, otherwise)

    def _assignment(self, kernel: SandboxKernel) -> Assignment:
        job = self._job
        return Assignment(
            folder=self._plan.folder,
            seed_hex=job.seed_hex,
            learner=job.learner,
            exercise=job.exercise,
            notebook_sha256=job.notebook_sha256,
            meter_pid=kernel.sandbox.meter.pid,
            check_cpu_s=self._limits.check_cpu_s,
            send_timeout_s=math.ceil(most_wall_s(self._limits)),
        )
