"""What is run to prove a grader: the solution, the release as it is, other right answers, wrong ones, forgers."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.build.authored import Authored
from autograder.build.bundle import make_bundle, solution_notebook
from autograder.build.solution import solved_source
from autograder.build.variants import FAULTS, Variant
from autograder.grade.models import Bundle, Job
from autograder.grade.skeleton import rebuild
from autograder.verify.forgers import Forger, forged_cell, standing_forgers

Notebook = dict[str, Any]
OTHER_SEED = 20_011  # of the learner's process, for the rerun
# Ends the kernel at the first cell that raises, so that the result names the cell.
STRICT = """\
import os

def _end_at_an_error(result):
    if result.error_before_exec or result.error_in_exec:
        os._exit(1)

get_ipython().events.register("post_run_cell", _end_at_an_error)
"""


@dataclass(frozen=True)
class FullMarks:
    """Full marks on every part, with every seed."""

    words: str = "full marks"


@dataclass(frozen=True)
class Nothing:
    """No point on any part, with any seed."""

    words: str = "0 on every part"


@dataclass(frozen=True)
class Caught:
    """Fails the named checks (or ends in the named faults); full marks on parts that are neither named nor replaced."""

    by: tuple[str, ...]
    replaced: frozenset[str]

    @property
    def words(self) -> str:
        return "caught by " + ", ".join(self.by)


Expectation = FullMarks | Nothing | Caught


@dataclass(frozen=True)
class Trial:
    """One notebook to grade, and what must come of it.

    Attributes:
        folder: the exercise's, as errors show it.
        file: the one in it that is proved or disproved.
        rounds: how many referee seeds, one after the other on one live kernel.
        again: also run in a new process, with other seeds on both sides; the marks have to be the same.
        only_parts: nothing is said about other parts; none for all.
        retell: False where nobody reads what the checks say.
    """

    name: str
    folder: str
    file: str
    notebook: Notebook
    bundle: Bundle = field(repr=False)
    profile: str
    expected: Expectation
    rounds: int
    again: bool = False
    only_parts: tuple[str, ...] = ()
    retell: bool = True

    @property
    def where(self) -> str:
        return f"{self.folder}/{self.file}"

    def jobs(self) -> list[Job]:
        """One job, or two with the rerun."""
        first = self._job("first", rounds=self.rounds)
        return [first, self._job("again", rounds=1, kernel_seed=OTHER_SEED)] if self.again else [first]

    def _job(self, run: str, **settings: Any) -> Job:
        """The seeds follow from names, so that a proof that fails can be run again."""
        text = json.dumps(self.notebook, sort_keys=True).encode()
        return Job(
            key=f"{self.name} ({run})",
            learner="verify",
            exercise=self.bundle.exercise,
            notebook=self.notebook,
            notebook_sha256=hashlib.sha256(text).hexdigest(),
            seed_hex=hashlib.sha256(f"{self.bundle.exercise} {run}".encode()).hexdigest(),
            profile=self.profile,
            only_parts=self.only_parts,
            retell=self.retell,
            **settings,
        )


def trials_of(authored: Authored, profile: str, rounds: int, *, quick: bool = False) -> Iterator[Trial]:
    """All trials of an exercise.

    Args:
        profile: in which the variants run; the solution also runs in `smoke` and `laptop`.
        quick: a wrong answer is checked in the parts where it must be caught and not in the others; other right
            answers run once, and of the profiles the solution runs in `laptop` alone.
    """
    shown = authored.exercise.shown
    bundle = make_bundle(authored, profile)
    solution = solution_notebook(authored)

    def trial(name: str, file: str, notebook: Notebook, expected: Expectation, *, again: bool = False) -> Trial:
        return Trial(name, shown, file, notebook, bundle, profile, expected, rounds, again)

    for place in ("laptop",) if quick else dict.fromkeys((profile, "smoke", "laptop")):
        yield _strict_trial(authored, place, solution)
    yield trial("solution", "exercise.py", solution, FullMarks(), again=True)
    yield trial("released notebook", "exercise.py", bundle.skeleton, Nothing())
    for variant in authored.variants:
        notebook = solution_notebook(authored, variant.solutions, variant.written)
        name = f"{variant.kind}/{variant.name}"
        if variant.kind == "correct":
            yield trial(name, f"{name}.py", notebook, FullMarks(), again=not quick)
        else:
            wrong = trial(name, f"{name}.py", notebook, _caught(variant))
            yield replace(wrong, only_parts=_where_caught(variant)) if quick else wrong
    for forger in standing_forgers():
        notebook = forged_notebook(authored, bundle.skeleton, forger)
        forged = trial(f"forger {forger.name}", "checks.py or hidden.py", notebook, Nothing())
        yield replace(forged, retell=False)


def forged_notebook(authored: Authored, skeleton: Notebook, forger: Forger) -> Notebook:
    """The release with a forger's code in front, and every name of every solution cell forged."""
    cells = {
        f"solution-{name}": forged_cell(solved_source(cell.source))
        for name, cell in authored.text.named("solution").items()
    }
    return with_code(skeleton, first=forger.source, replaced=cells)


def with_code(notebook: Notebook, *, first: str, replaced: dict[str, str], after_parts: str = "") -> Notebook:
    """A notebook as a learner could hand it in: other answers, and cells added in front and after each part.

    Args:
        replaced: sources of solution cells, by cell id.
    """
    cells = [_added(first)]
    for cell in notebook["cells"]:
        cells.append({**cell, "source": replaced.get(cell["id"], cell["source"])})
        if after_parts and cell["id"].startswith("part-"):
            cells.append(_added(after_parts))
    return rebuild(notebook, {**notebook, "cells": cells})


def _strict_trial(authored: Authored, profile: str, solution: Notebook) -> Trial:
    """The solution within the profile's limits, where no cell may raise."""
    bundle = make_bundle(authored, profile)
    notebook = with_code(solution, first=STRICT, replaced={})
    shown = authored.exercise.shown
    return Trial(f"solution in profile {profile}", shown, "exercise.py", notebook, bundle, profile, FullMarks(), 1)


def _caught(variant: Variant) -> Caught:
    return Caught(variant.caught_by, frozenset(variant.solutions))


def _where_caught(variant: Variant) -> tuple[str, ...]:
    """The parts of the checks that must catch it; none, for all, where it ends in a fault, which may be anywhere."""
    if any(name in FAULTS for name in variant.caught_by):
        return ()
    return tuple(dict.fromkeys(name.split(".")[0] for name in variant.caught_by))


def _added(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
