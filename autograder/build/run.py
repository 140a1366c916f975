"""Runs lessons, and exercises with their solutions, as a profile says, and measures each run.

Papermill runs in a process of its own: the profile's environment is there before the kernel starts, and everything
below that process can be measured, and ended.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat

from autograder.build.authored import read_exercise
from autograder.build.bundle import solution_notebook
from autograder.build.files import released_files
from autograder.build.lesson import Lesson, lesson_files, lesson_notebook, notebook_bytes, read_lesson
from autograder.catalogue.find import Exercise
from autograder.catalogue.models import Profile
from autograder.sandbox.meter import Meter
from autograder.sandbox.provisioner import KERNEL_NAME, write_kernelspec

Kind = Literal["lesson", "lesson solved", "exercise solved"]
PLAIN_KERNEL = "course-kit"
LIMIT_S = 1200.0  # a backstop against a notebook that hangs; how long one should take is in docs/lessons.md
SANDBOX_LIMITS = {"memory_gib": 4, "total_cpu_s": LIMIT_S, "processes": 512, "disk_mib": 512}
_MIB = 2**20
_LOOK_S = 0.1
_LONGEST = 2000


@dataclass(frozen=True)
class Runnable:
    """One notebook to run. `name` is `course/unit`; `files` lie beside it."""

    name: str
    kind: Kind
    notebook: dict[str, Any]
    files: Mapping[str, bytes]
    profile: Profile

    @property
    def file_name(self) -> str:
        """The name of the executed notebook: `unit.lesson.ipynb`."""
        return f"{self.name.split('/')[-1]}.{self.kind.replace(' ', '-')}.ipynb"


@dataclass(frozen=True)
class Ran:
    """What a run was.

    Attributes:
        wall_s: from the start of papermill to its end, the kernel's start included.
        memory_peak_mib: the highest summed PSS of the kernel and everything below it.
        failure: which cell failed and how; "" where none did.
        executed: the executed notebook; None where not even one cell was reached.
    """

    name: str
    kind: Kind
    wall_s: float
    memory_peak_mib: float
    cells: int
    failure: str
    executed: Path | None


def runnables(exercises: Iterable[Exercise], lessons: Iterable[Lesson], profile: str) -> Iterator[Runnable]:
    """Each lesson as the reader gets it, and solved where a step is left out of it; each exercise, solved.

    Raises:
        AuthoringError: the first mistake of an exercise or a lesson.
    """
    for lesson in lessons:
        written = read_lesson(lesson)
        files, settings = lesson_files(lesson), written.spec.profile(profile)
        yield Runnable(lesson.name, "lesson", lesson_notebook(written), files, settings)
        if written.has_steps:
            yield Runnable(lesson.name, "lesson solved", lesson_notebook(written, solved=True), files, settings)
    for exercise in exercises:
        authored = read_exercise(exercise)
        files = released_files(exercise.folder, exercise.shown)
        settings = authored.spec.profile(profile)
        yield Runnable(exercise.name, "exercise solved", solution_notebook(authored), files, settings)


def run_notebook(
    runnable: Runnable, profile: str, executed: Path, *, sandbox: bool = False, limit_s: float = LIMIT_S
) -> Ran:
    """Runs a notebook in a scratch copy of its folder, with the profile's parameters and environment.

    Args:
        profile: its name, for the notebook to say.
        executed: where the executed notebook goes, also when a cell failed; a lesson's page lies beside it, as .html.
        sandbox: in the sandbox of graded runs: no network but its own loopback.
        limit_s: wall time after which everything that it started is ended.
    """
    executed.with_suffix(".html").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as scratch:
        folder, place = Path(scratch), Path(scratch, "notebook")
        for name, content in {"notebook.ipynb": notebook_bytes(runnable.notebook), **runnable.files}.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        environment = _environment(runnable, profile)
        kernel = _sandbox_kernel(runnable, place, folder, environment) if sandbox else _plain_kernel(folder)
        (folder / "parameters.yaml").write_text(json.dumps(runnable.profile.parameters), encoding="utf-8")
        done = folder / "executed.ipynb"
        command = [sys.executable, "-m", "papermill", str(place / "notebook.ipynb"), str(done), "-k", kernel]
        command += ["--cwd", str(place), "-f", str(folder / "parameters.yaml"), "--no-progress-bar"]
        command += ["--start-timeout", "120", "--autosave-cell-every", "0", "--log-level", "ERROR"]
        outside = {**os.environ, "JUPYTER_PATH": str(folder), **({} if sandbox else environment)}
        measured = _measure(command, outside, folder, limit_s)
        if done.exists():
            _keep(done, executed, as_page=runnable.kind != "exercise solved")
    return Ran(
        name=runnable.name,
        kind=runnable.kind,
        wall_s=round(measured.wall_s, 2),
        memory_peak_mib=round(measured.memory_peak_bytes / _MIB, 1),
        cells=sum(cell["cell_type"] == "code" for cell in runnable.notebook["cells"]),
        failure=_failure(measured, executed, limit_s),
        executed=executed if executed.exists() else None,
    )


def _keep(done: Path, executed: Path, *, as_page: bool) -> None:
    """Writes the executed notebook as it can be read later, and its page."""
    from autograder.build.pages import page, without_widgets  # nbconvert takes a second to import

    # nbformat joins the lines of texts, which lie in a file as lists.
    notebook = without_widgets(nbformat.read(done, as_version=4))
    executed.parent.mkdir(parents=True, exist_ok=True)
    executed.write_bytes(notebook_bytes(notebook))
    if as_page:
        executed.with_suffix(".html").write_text(page(notebook), encoding="utf-8")


def _environment(runnable: Runnable, profile: str) -> dict[str, str]:
    """What the kernel finds. In a solved notebook a check that does not pass is an error, as nbgrader's validator has
    it."""
    strict = {} if runnable.kind == "lesson" else {"NBGRADER_EXECUTION": "validate"}
    return {**runnable.profile.env, **strict, "WORKBENCH_PROFILE": profile}


def _plain_kernel(folder: Path) -> str:
    """A kernelspec of this very interpreter; one that is called python3 may be of another."""
    place = folder / "kernels" / PLAIN_KERNEL
    place.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Course kit", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return PLAIN_KERNEL


def _sandbox_kernel(runnable: Runnable, place: Path, folder: Path, environment: dict[str, str]) -> str:
    files = {name: str(place / name) for name in runnable.files}
    write_kernelspec(folder, files=files, limits=SANDBOX_LIMITS)
    path = folder / "kernels" / KERNEL_NAME / "kernel.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "env": environment}), encoding="utf-8")
    return KERNEL_NAME


@dataclass(frozen=True)
class _Measured:
    status: int | None  # None: it was ended for its time
    wall_s: float
    memory_peak_bytes: int
    said: str


def _measure(command: list[str], environment: dict[str, str], folder: Path, limit_s: float) -> _Measured:
    log = folder / "papermill.log"
    with log.open("wb") as stream:
        began_s = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
        meter, peak, over = Meter(process.pid), [0], threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_S):
                peak[0] = max(peak[0], meter.memory_bytes())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            status: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            over.set()
            watcher.join()
            if process.poll() is None:
                _end(process, meter)
        wall_s = time.monotonic() - began_s
    return _Measured(status, wall_s, peak[0], log.read_text(errors="replace"))


def _end(process: subprocess.Popen[bytes], meter: Meter) -> None:
    """Ends the kernel and its workers first: afterwards nobody would know that they were ours."""
    process.send_signal(signal.SIGSTOP)
    for pid in meter.processes():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _failure(measured: _Measured, executed: Path, limit_s: float) -> str:
    """Which cell failed, and how; "" where none did."""
    if measured.status == 0:
        return ""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"] if executed.exists() else []
    if measured.status is None:
        return f"{_unanswered(cells) or 'it'} had not ended after {limit_s:g} s, and was stopped"
    for cell in cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                text = str(output["evalue"]) or "no text"
                named = text if output["ename"] in text else f"{output['ename']}: {text}"
                return f"{_called(cell)} raised {named}"[:_LONGEST]
    reached = _unanswered(cells)
    last = (measured.said.strip().splitlines() or [f"exit status {measured.status}"])[-1]
    if "DeadKernelError" in last or "died" in last:
        return f"{reached or 'the first cell'} ended its kernel (out of memory? a crash in compiled code?)"
    return f"{reached or 'the notebook'} could not be run: {last}"[:_LONGEST]


def _unanswered(cells: list[dict[str, Any]]) -> str:
    """The first cell that the kernel did not say it had finished."""
    code = (cell for cell in cells if cell["cell_type"] == "code")
    return next((_called(c) for c in code if "shell.execute_reply" not in c["metadata"].get("execution", {})), "")


def _called(cell: dict[str, Any]) -> str:
    """A cell as a person finds it: its id, and the first line of its source."""
    source = "".join(cell["source"]).strip()
    return f"cell {cell.get('id', '')} ({source.splitlines()[0][:80] if source else 'empty'})"
