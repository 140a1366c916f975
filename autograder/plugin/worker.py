"""Runs the cells of one ordinary nbgrader notebook in a sandboxed kernel and keeps their outputs.

`work` is what a process of its own does for each notebook: whatever a learner sends over the kernel's channels is
parsed here, under a limit of memory, and never in the process that holds the gradebook or serves formgrader. What the
outputs say is the learner's own process speaking: marks that come of it are unsealed.
"""

import asyncio
import resource
import time
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.connection import Connection
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode, ValidationError
from nbformat.v4 import new_code_cell, new_output

from autograder.crew import answer
from autograder.grade.cells import CellEnd, CellRunner, size_of
from autograder.grade.models import Frozen, Limits, Seconds
from autograder.grade.notebook_reader import clean
from autograder.sandbox.limits import MIB
from autograder.sandbox.provisioner import SandboxKernel
from autograder.sandbox.spec import SandboxSpec
from autograder.sandbox.warm import kernel_starter

MEMORY_BYTES = 2 * 2**30
WALL_EXTRA_S = 300.0  # of a whole notebook: a backstop for what only sleeps
OUTPUTS_END_S = 10  # how long to wait, after a cell's reply, for its outputs to end
# When a notebook has used up its output, each further cell may still write so much.
LEAST_OUTPUT_BYTES = 65_536
MOST_LINES, LONGEST_LINE_CHARS = 200, 10_000  # of a traceback in a reply
CONTAINER_BYTES = 64  # what an empty list of a message costs us
SHAPES = {
    "stream": ("name", "text"),
    "error": ("ename", "evalue", "traceback"),
    "display_data": ("data",),
    "execute_result": ("data",),
}


class CellsToRun(Frozen):
    """A notebook's code cells in order; an empty source is not run. `file_names`: their bytes follow, one by one."""

    sources: tuple[str, ...]
    limits: Limits
    env: dict[str, str]
    binds: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()


class RanCell(Frozen):
    """What came of a cell: outputs of nbformat 4, and what went wrong with it, "" where nothing did."""

    outputs: tuple[dict[str, Any], ...] = ()
    execution_count: int | None = None
    fault: str = ""

    @classmethod
    def not_run(cls, name: str, sentence: str) -> "RanCell":
        """A cell that was not run: an error in its place, since nbgrader takes no output for full marks."""
        return cls(outputs=(fault_output(name, sentence),), fault=sentence)


class Ran(Frozen):
    """What came of a notebook, cell by cell."""

    cells: tuple[RanCell, ...]
    cpu_s: Seconds
    wall_s: Seconds


def fault_output(name: str, sentence: str) -> dict[str, Any]:
    """An error as a cell's output, in our own words."""
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}


def work(fds: list[int], request: bytes) -> None:
    """One notebook, in a process of its own: what to run comes over the pipe, what came of it goes back."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    answer(fds, _ran)


def _ran(pipe: Connection, warm_fds: list[int]) -> Any:
    run = CellsToRun.model_validate_json(pipe.recv_bytes())
    files = {name: pipe.recv_bytes() for name in run.file_names}
    return asyncio.run(_run(run, files, warm_fds)).model_dump(mode="json")


async def _run(run: CellsToRun, files: Mapping[str, bytes], warm_fds: list[int]) -> Ran:
    start_s = time.monotonic()
    limits = run.limits
    spec = SandboxSpec(limits=limits, files=files, env=run.env, binds=run.binds)
    wall_s = limits.total_cpu_s * limits.wall_factor + WALL_EXTRA_S
    with closing(kernel_starter(warm_fds)(spec, wall_s=wall_s)) as kernel:
        await kernel.wait_ready()
        runner = KeepingRunner(kernel, limits, run.sources)
        cells: list[RanCell] = []
        for index, source in enumerate(run.sources):
            if kernel.alive():
                cells.append(await runner.run(index, source) if source.strip() else RanCell())
            else:
                cells.append(RanCell.not_run("NotReached", "The kernel had ended before this cell; it was not run."))
        cpu_s = kernel.sandbox.meter.cpu_s()
    return Ran(cells=tuple(cells), cpu_s=round(cpu_s, 3), wall_s=round(time.monotonic() - start_s, 3))


class KeepingRunner(CellRunner):
    """Runs cells as in a graded run, under the same limits, and keeps what they put out."""

    def __init__(self, kernel: SandboxKernel, limits: Limits, sources: tuple[str, ...]) -> None:
        super().__init__(kernel, limits)
        cells = [new_code_cell(source) for source in sources]
        notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=cells)
        self._keeping = _KeepingClient(
            notebook,
            km=None,
            timeout=None,
            allow_errors=True,
            store_widget_state=False,
            record_timing=False,
            iopub_timeout=OUTPUTS_END_S,
            raise_on_iopub_timeout=True,
        )
        self._keeping.on_cell_executed = self._keeping.note_reply
        self._keeping.kc = kernel.client()
        self._client = self._keeping  # type: ignore[assignment]  # it has what CellRunner asks of its client
        self._output_left_bytes = limits.output_mib * MIB

    async def run(self, index: int, source: str) -> RanCell:
        """Runs one cell; a fault of the whole cell stands as an error behind what it put out."""
        client = self._keeping
        client.output_bytes, client.replied = 0, False
        client.output_limit_bytes = max(self._output_left_bytes, LEAST_OUTPUT_BYTES)
        end = await self.execute(index, source)
        self._output_left_bytes -= min(client.output_bytes, client.output_limit_bytes)
        cell = client.nb.cells[index]
        outputs = [shaped for output in cell.outputs if (shaped := _shaped(output)) is not None]
        name, sentence = self._fault(end, replied=client.replied)
        if name:
            outputs.append(fault_output(name, sentence))
        count = cell.execution_count if type(cell.execution_count) is int else None
        return RanCell(outputs=tuple(outputs), execution_count=count, fault=sentence)

    def _most_output_bytes(self) -> float:
        """Each cell is counted by itself, against what those before it have left."""
        return self._keeping.output_limit_bytes

    def _fault(self, end: CellEnd, *, replied: bool) -> tuple[str, str]:
        """The name and the sentence of what went wrong with a cell; empty where nothing did."""
        limits = self._limits
        if end.how == "too much output":
            return "TooMuchOutput", f"A notebook may write {limits.output_mib} MiB of output; this cell went beyond."
        if end.how == "timed out":
            return "TimedOut", f"This cell was stopped: it may compute for {limits.cpu_s:g} s."
        if end.how == "gone":
            watchdog = self._kernel.sandbox.watchdog
            return {
                "memory": ("OutOfMemory", f"The notebook used more than {limits.memory_gib:g} GiB; it was ended here."),
                "cpu": ("TimedOut", f"The notebook used its {limits.total_cpu_s:g} s of computing time here."),
                "wall": ("TimedOut", "The notebook took too long; it was ended here."),
            }.get(watchdog.reason if watchdog is not None else "", ("KernelDied", "The kernel ended in this cell."))
        return ("", "") if replied else ("NoAnswer", "What the kernel said about this cell could not be read.")


class _KeepingClient(NotebookClient):
    """nbclient with its outputs; what a message weighs is counted before anything of it is kept."""

    output_limit_bytes = 0
    output_bytes = 0
    error_name = ""
    replied = False

    async def async_execute_cell(
        self, cell: NotebookNode, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> NotebookNode:
        """Runs our own cell of that number, whose outputs stay; with history, as nbgrader does."""
        own = self.nb.cells[cell_index]
        return await super().async_execute_cell(own, cell_index, execution_count, store_history=True)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> None:
        """Lets nbclient take a message in, unless the cell has written too much or the message is none."""
        content = msg.get("content")
        if not isinstance(content, dict):
            return
        if msg.get("msg_type") != "status":
            self.output_bytes += size_of(content, CONTAINER_BYTES) + sum(len(part) for part in msg.get("buffers", ()))
            if self.output_bytes > self.output_limit_bytes:
                return
        try:
            super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            raise
        except (ValidationError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return  # no output that nbformat knows

    def note_reply(self, cell: Any, cell_index: int, execute_reply: dict[str, Any]) -> None:
        """nbgrader's rule: an error that the kernel replies stands among the outputs, whether it was shown or not."""
        self.replied = True
        reply = execute_reply.get("content")
        if not isinstance(reply, dict) or reply.get("status") != "error":
            return
        name = reply.get("ename")
        if not any(output.output_type == "error" and output.ename == name for output in cell.outputs):
            lines = reply.get("traceback")
            if not isinstance(lines, list) or not lines:
                lines = ["An error occurred while showtraceback was disabled"]
            texts = [str(name), str(reply.get("evalue", "")), *map(str, lines[:MOST_LINES])]
            name, value, *lines = [text[:LONGEST_LINE_CHARS] for text in texts]
            cell.outputs.append(new_output("error", ename=name, evalue=value, traceback=lines))


def _shaped(output: Any) -> dict[str, Any] | None:
    """An output with nothing but texts in the places that nbformat has for them; None where it is none."""
    kind = output.get("output_type")
    kept: dict[str, Any] = {"output_type": kind}
    for name in SHAPES.get(kind, ()):
        value = output.get(name)
        if name == "data":
            texts = {mime: clean(text) for mime, text in value.items() if isinstance(text, str)}
            kept |= {"data": {clean(mime): text for mime, text in texts.items()}, "metadata": {}}
        elif name == "traceback":
            kept[name] = [clean(str(line)) for line in value]
        else:
            kept[name] = clean(str(value))
    if kind == "execute_result":
        kept["execution_count"] = None
    return kept if kind in SHAPES else None
