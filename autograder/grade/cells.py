"""Executes the cells of a graded run in the learner's kernel, with nbclient; believes nothing of what comes back.

Jupyter's channels carry cells and interrupts only. Outputs are counted and dropped: what people see later are the
outputs that were submitted. A forged reply or a forged `idle` can make us move on early; marks come from the referee's
link, which waits for the kernel itself.
"""

import asyncio
import builtins
import time
from dataclasses import dataclass
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode

from autograder.grade.models import Limits
from autograder.sandbox.limits import MIB
from autograder.sandbox.provisioner import SandboxKernel

POLL_S = 0.05
WALL_EXTRA_S = 10.0
GRACE_S = 5.0
IDLE_S = 1  # how long to wait, after a cell's reply, for its outputs to end; they are only counted


@dataclass
class CellEnd:
    """How a cell ended: "done", "timed out", "too much output", "gone" (the kernel has ended or does not stop)."""

    how: str
    error: str = ""  # name of a built-in exception, or "an error"; never the learner's own words
    cpu_s: float = 0.0


def most_wall_s(limits: Limits) -> float:
    """How long one cell may take, however little it computes."""
    return limits.cpu_s * limits.wall_factor + WALL_EXTRA_S


class CellRunner:
    """Runs cells in one kernel.

    Args:
        kernel: ready to execute.
        limits: CPU time of a cell, wall factor, output of all cells.
    """

    def __init__(self, kernel: SandboxKernel, limits: Limits) -> None:
        self._kernel, self._limits = kernel, limits
        notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=[])
        self._client = _QuietClient(notebook, km=None, timeout=None, allow_errors=True, store_widget_state=False)
        self._client.iopub_timeout = IDLE_S
        self._client.kc = kernel.client()
        self._client.kc.allow_stdin = False  # nobody answers: `input()` is an error at once

    async def execute(self, index: int, source: str, *, limited: bool = True) -> CellEnd:
        """Runs a cell to its end, its limits, or the kernel's end; with `limited` off, to its end or the kernel's."""
        cell = NotebookNode(cell_type="code", source=source, metadata=NotebookNode(), outputs=[], execution_count=None)
        meter = self._kernel.sandbox.meter
        self._client.error_name = ""
        start_cpu_s, start_s = meter.cpu_s(), time.monotonic()
        most_bytes = self._most_output_bytes()
        wall_s = most_wall_s(self._limits)
        task = asyncio.ensure_future(self._client.async_execute_cell(cell, index, store_history=False))
        how = "done"
        try:
            while not (await asyncio.wait({task}, timeout=POLL_S))[0]:
                if not self._kernel.alive():
                    how = "gone"
                    break
                if not limited:
                    continue
                if self._client.output_bytes > most_bytes:
                    how = "too much output"
                elif meter.cpu_s() - start_cpu_s > self._limits.cpu_s or time.monotonic() - start_s > wall_s:
                    how = "timed out"
                if how != "done":
                    if not await self._stop(task):
                        self._kernel.kill()
                    break
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if how == "done" and not self._kernel.alive():
            how = "gone"
        # What is read late, on a busy machine, counts as what is read in time.
        if limited and how in ("done", "timed out") and self._client.output_bytes > most_bytes:
            how = "too much output"
        if how == "done" and await self._kernel.client().renew_iopub():
            how = "too much output"
        return CellEnd(how, self._client.error_name, meter.cpu_s() - start_cpu_s)

    def _most_output_bytes(self) -> float:
        """How much the client may have counted when the next cell ends. A cell that writes nothing is not to blame for
        those before it."""
        return max(self._client.output_bytes, self._limits.output_mib * MIB)

    async def _stop(self, task: "asyncio.Future[Any]") -> bool:
        """Interrupts the cell; whether the kernel then came to rest."""
        for _ in range(2):
            await self._kernel.interrupt()
            if (await asyncio.wait({task}, timeout=GRACE_S / 2))[0]:
                return self._kernel.alive()
        return False


class _QuietClient(NotebookClient):
    """nbclient without outputs: they are counted and dropped, whatever they hold."""

    output_bytes = 0
    error_name = ""

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> None:
        content = msg.get("content")
        kind = msg.get("msg_type")
        if not isinstance(content, dict):
            return
        if kind == "status" and content.get("execution_state") == "idle":
            raise CellExecutionComplete
        if kind == "error":
            name = content.get("ename")
            builtin = getattr(builtins, name, None) if isinstance(name, str) else None
            known = isinstance(builtin, type) and issubclass(builtin, BaseException)
            self.error_name = str(name) if known else "an error"
        if kind != "status":
            self.output_bytes += size_of(content) + sum(len(part) for part in msg.get("buffers", ()))


def size_of(content: Any, container_bytes: int = 0) -> int:
    """Characters of all texts in a message's content. The message itself has a size limit, so that this ends.

    Args:
        container_bytes: what each list and each dict counts, for who keeps them.
    """
    size, waiting = 0, [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, dict):
            size += container_bytes
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            size += container_bytes
            waiting += item
        else:
            size += 8
    return size
