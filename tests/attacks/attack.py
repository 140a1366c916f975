"""Reads attacks, and makes the world they are run in.

An attack is a learner's notebook in `notebooks/FAMILY/NAME.py`: percent text whose docstring says in one sentence
what it tries. Lines after that sentence say what it may come to:

    Earns: total 3, pairs 2     points that the honest code in it earns; all other parts earn 0
    Status: timed out           statuses of the submission that are right; graded if not given
    Finds: pearl-00000001       words that its search must find, so that one that finds nothing is known to have looked
    Limits: cpu_s 20            limits of this run
    Tools: link                 files of tools/ that become its first cells
    Slow: yes                   takes more than about ten seconds

A cell `solution="NAME"` is the learner's answer; any other is an extra cell, which stands after the answer before it.
"""

import ast
import json
import os
import re
import socket
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jupytext

from autograder.build.bundle import make_bundle
from autograder.catalogue.find import exercise_at
from autograder.grade.models import Bundle, Job, Record, Result
from autograder.grade.runner import run_job
from autograder.grade.skeleton import Rebuilt, assemble

HERE = Path(__file__).parent
EXERCISE = HERE / "exercise"
NOTEBOOKS = HERE / "notebooks"
# Of the solution, of hidden checks, of the grader's environment, of other people's files; and the marked hidden value.
SECRETS = re.compile(r"canary-[0-9a-f]{8}|735[ ,_]?192|7\.35192")
ENVIRONMENT_SECRET = "canary-e0e0e0e0"


@dataclass(frozen=True)
class Attack:
    name: str
    tries: str
    cells: tuple[tuple[str, str], ...]  # (solution's name or "", source)
    earns: dict[str, float] = field(default_factory=dict)
    status: frozenset[str] = frozenset({"graded"})
    finds: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    slow: bool = False

    @property
    def family(self) -> str:
        return self.name.split("/")[0]


@dataclass
class World:
    """What lies around the grader, and must stay as it is: a course of others, and servers of this machine."""

    course: Path
    token: str
    listeners: dict[str, socket.socket]

    def fill_in(self, source: str) -> str:
        port = self.listeners["tcp"].getsockname()[1]
        names = {"TOKEN": self.token, "COURSE": self.course, "PORT": port, "HOST_PID": os.getpid()}
        names |= {"ABSTRACT": f"attack-{self.token}", "SOCKET": self.course / "socket"}
        for name, value in names.items():
            source = source.replace(f"@{name}@", str(value))
        return source

    def called(self) -> list[str]:
        """Which servers somebody has connected to."""
        came = []
        for name, listener in self.listeners.items():
            try:
                listener.accept()[0].close()
                came.append(name)
            except BlockingIOError:
                pass
        return came

    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.course.rglob("*") if path.is_file())
        return {str(path.relative_to(self.course)): path.read_bytes() for path in paths}

    def left_behind(self) -> list[str]:
        """Processes and files that carry the token of this run."""
        folders = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.home())
        left = [path for folder in folders for path in folder.glob(f"*{self.token}*")]
        own = os.getpid()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == own:
                continue
            try:
                if self.token.encode() in (entry / "cmdline").read_bytes():
                    left.append(entry)
            except OSError:  # it has ended
                pass
        return [str(path) for path in left]


def all_attacks() -> list[Attack]:
    return [read_attack(path) for path in sorted(NOTEBOOKS.glob("*/*.py"))]


@cache
def read_attack(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    sentence, _, rest = docstring.partition("\n\n")
    said = dict(line.split(": ", 1) for line in rest.splitlines() if line)
    assert set(said) <= {"Earns", "Status", "Finds", "Limits", "Tools", "Slow"}, f"{path}: {said}"
    tools = [HERE / "tools" / f"{tool}.py" for tool in said.get("Tools", "").split()]
    cells = [("", tool.read_text(encoding="utf-8")) for tool in tools]
    for cell in jupytext.reads(text, fmt="py:percent").cells[1:]:
        cells.append((cell.metadata.get("solution", ""), cell.source))
    return Attack(
        name=f"{path.parent.name}/{path.stem}",
        tries=" ".join(sentence.split()),
        cells=tuple(cells),
        earns=_numbers(said.get("Earns", "")),
        status=frozenset(said.get("Status", "graded").split(", ")),
        finds=tuple(said.get("Finds", "").split()),
        limits=_numbers(said.get("Limits", "")),
        slow="Slow" in said,
    )


@cache
def bundle() -> Bundle:
    return make_bundle(exercise_at(EXERCISE))


def submitted(attack: Attack, world: World) -> dict[str, Any]:
    """The notebook that the attacker hands in."""
    notebook: dict[str, Any] = json.loads(json.dumps(bundle().skeleton))
    place = 0
    for solution, source in attack.cells:
        source = world.fill_in(source)
        if solution:
            place = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == f"solution-{solution}")
            notebook["cells"][place]["source"] = source
        else:
            place += 1  # the first of all after the imports
            cell = {"cell_type": "code", "id": f"mine-{place}", "metadata": {}, "source": source, "outputs": []}
            notebook["cells"].insert(place, cell | {"execution_count": None})
    return notebook


def grade(
    notebook: dict[str, Any], limits: dict[str, float] | None = None, *, cold: bool = False
) -> tuple[Result, Rebuilt]:
    """Grades a notebook as a worker does; `cold`: in a sandbox of its own, not in a fork of a warm process."""
    used = bundle().model_copy(update={"limits": bundle().limits.model_copy(update=limits or {})})
    rebuilt = assemble(used.skeleton, notebook)
    job = Job(
        key="attack",
        learner="mallory",
        exercise=used.exercise,
        notebook=rebuilt.notebook,
        notebook_sha256="0" * 64,
        seed_hex="5eed" * 16,
        cold=cold,
    )
    return run_job(job, used), rebuilt


def shown_to_people(result: Result, rebuilt: Rebuilt) -> str:
    """All text of a result that is kept or shown: the journal's line and the autograded notebook."""
    from autograder.book.autograded import autograded_notebook

    record = Record(result=result, notebook_sha256="0" * 64, notes=rebuilt.notes)
    return record.model_dump_json() + json.dumps(autograded_notebook(rebuilt, record, bundle().parts))


@contextmanager
def world_at(folder: Path) -> Iterator[World]:
    """A course with the work and marks of others, and servers on this machine's loopback and sockets."""
    course = folder / "course"
    for name in ("submitted/other/unit/unit.ipynb", "autograded/other/unit/unit.ipynb", "journal.jsonl", "secret"):
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"canary-0000000f {name}", encoding="utf-8")
        path.chmod(0o666)
    solution = {"cells": [{"cell_type": "code", "source": "n_pairs = 66"}], "nbformat": 4, "metadata": {}}
    (course / "source" / "unit").mkdir(parents=True)
    (course / "source" / "unit" / "unit.ipynb").write_text(json.dumps(solution), encoding="utf-8")
    with sqlite3.connect(course / "gradebook.db") as book:
        book.execute("create table grade (student text, auto_score real, manual_score real)")
        book.execute("insert into grade values ('other', 1, 2), ('mallory', 0, 0)")
    # As open as a careless administrator would leave it: only the sandbox stands before it.
    for path in (folder, course, *course.rglob("*")):
        path.chmod(0o777)
    token = f"attack{uuid.uuid4().hex[:12]}"
    listeners = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "abstract": _unix(f"\0attack-{token}"),
        "path": _unix(str(course / "socket")),
    }
    (course / "socket").chmod(0o777)
    for listener in listeners.values():
        listener.setblocking(False)
    try:
        yield World(course, token, listeners)
    finally:
        for listener in listeners.values():
            listener.close()


def _unix(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen()
    return listener


def _numbers(text: str) -> dict[str, float]:
    """`total 3, pairs 2` as a dict."""
    return {name: float(number) for name, number in (item.split() for item in text.split(", ") if item)}
