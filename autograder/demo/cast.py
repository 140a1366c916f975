"""Who hands in what: right answers, wrong ones, half ones, and forgers. Disasters are in `disasters.py`."""

import ast
import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.build.authored import Authored, read_exercise
from autograder.build.bundle import make_bundle, solution_notebook
from autograder.build.solution import solved_source
from autograder.build.variants import Variant
from autograder.catalogue.find import Exercise
from autograder.demo.expected import Expected
from autograder.verify.forgers import Forger, standing_forgers
from autograder.verify.trials import forged_notebook, with_code

Notebook = dict[str, Any]
Kind = Literal["honest", "wrong", "forgery", "disaster"]
LEARNERS = (
    "amelie.durand", "anna.kowalska", "bram.devries", "carla.silva", "chiara.russo", "dimitris.pappas", "elena.popescu",
    "emil.hansen", "eva.novakova", "finn.oconnor", "greta.lindqvist", "henrik.larsen", "ines.martinez", "ivan.horvat",
    "jana.svobodova", "jonas.weber", "katri.virtanen", "liam.murphy", "lucia.fernandez", "marek.zielinski",
    "nikos.georgiou", "oskar.nilsson", "petra.kovac", "rita.santos", "sofie.claes", "tomas.kazlauskas", "ursa.zupan",
    "viktor.ivanov", "wanda.nowak", "yasmin.haddad",
)  # fmt: skip
NOISE = """\
import logging, sys, warnings
logging.basicConfig(stream=sys.stderr)
logging.getLogger("my notebook").warning("starting")
warnings.warn("this is deprecated")
print("still here", file=sys.stderr)
"""


@dataclass(frozen=True)
class Entry:
    """One submission. `content`: a notebook; bytes; or "link", a symbolic link to somebody else's notebook."""

    learner: str
    exercise: str
    unit: str
    kind: Kind
    what: str
    content: Notebook | bytes | Literal["link"]
    expected: Expected

    @property
    def course(self) -> str:
        """The course of its exercise."""
        return self.exercise.split("/")[0]


@dataclass(frozen=True)
class HandedIn:
    """An entry that has no learner yet."""

    kind: Kind
    what: str
    content: Notebook | bytes | Literal["link"]
    expected: Expected


@dataclass(frozen=True)
class Work:
    """An exercise with its solution and its release as notebooks."""

    authored: Authored
    solution: Notebook
    release: Notebook

    @classmethod
    def of(cls, exercise: Exercise) -> "Work":
        """Reads the exercise. Raises AuthoringError."""
        authored = read_exercise(exercise)
        return cls(authored, solution_notebook(authored), make_bundle(authored).skeleton)

    def solution_cells(self) -> list[str]:
        """Ids of the cells that hold answers of code, in order."""
        return [f"solution-{name}" for name in self.authored.text.named("solution")]


def learners_of(work: Work, wrong: int, forgers: Sequence[Forger]) -> Iterator[HandedIn]:
    """What learners hand in for one exercise; at most `wrong` wrong answers, spread over those that there are."""
    full, nothing = Expected("full"), Expected("nothing")
    yield HandedIn("honest", "the solution", work.solution, full)
    yield HandedIn("honest", "the solution, noisy on stderr", with_code(work.solution, first=NOISE, replaced={}), full)
    yield HandedIn("honest", "the solution, written another way", rewritten(work), full)
    yield HandedIn("honest", "untouched", work.release, nothing)
    if len(work.solution_cells()) > 1:
        yield HandedIn("honest", "the first half done", half_finished(work), Expected("some"))
    for variant in work.authored.variants:
        if variant.kind == "correct":
            yield HandedIn("honest", f"right: {_spoken(variant.name)}", _answered(work, variant), full)
    for variant in _spread([v for v in work.authored.variants if v.kind == "wrong"], wrong):
        expected = Expected("caught", caught_by=variant.caught_by)
        yield HandedIn("wrong", f"wrong: {_spoken(variant.name)}", _answered(work, variant), expected)
    for forger in forgers:
        notebook = forged_notebook(work.authored, work.release, forger)
        yield HandedIn("forgery", f"forger: {_spoken(forger.name)}", notebook, nothing)
    yield HandedIn("forgery", "forged points, checksums and results", forged_metadata(work.release), nothing)


def cast_of(exercises: Sequence[Exercise], wrong: int) -> list[Entry]:
    """The entries of all exercises; each standing forger tries one of them, in turn, or all where there is but one."""
    forgers = standing_forgers()
    entries = []
    for place, exercise in enumerate(exercises):
        handed_in = learners_of(Work.of(exercise), wrong, forgers[place :: len(exercises)])
        for number, item in enumerate(handed_in):
            # Each course begins elsewhere in the list, so that learners take several courses.
            learner = LEARNERS[(number + 7 * place) % len(LEARNERS)]
            if number >= len(LEARNERS):
                learner += str(number // len(LEARNERS) + 1)
            entries.append(
                Entry(learner, exercise.name, exercise.unit, item.kind, item.what, item.content, item.expected)
            )
    return entries


def rewritten(work: Work) -> Notebook:
    """The solution as another hand would write it: no comments, another layout, cells of its own in between."""
    notebook = copy.deepcopy(work.solution)
    answers = {f"solution-{name}": cell for name, cell in work.authored.text.named("solution").items()}
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = ast.unparse(ast.parse(solved_source(answers[cell["id"]].source)))
    return with_code(notebook, first='my_notes = {"tried": 3}', replaced={}, after_parts='my_notes["tried"] += 1')


def half_finished(work: Work) -> Notebook:
    """The first half of the answers; the rest is as it was released."""
    cells = work.solution_cells()
    released = {cell["id"]: cell["source"] for cell in work.release["cells"]}
    return with_code(work.solution, first="", replaced={name: released[name] for name in cells[len(cells) // 2 :]})


def forged_metadata(release: Notebook) -> Notebook:
    """The release with 1,000 points at each part, a grade id and checksum of its own, and the points as a result."""
    notebook: Notebook = json.loads(json.dumps(release))
    for cell in notebook["cells"]:
        if cell["id"].startswith("part-"):
            cell["metadata"]["nbgrader"] |= {"points": 1000, "grade_id": f"my-{cell['id']}", "checksum": "0" * 32}
            cell["source"] = "1000"
            result = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
            cell["outputs"] = [result | {"data": {"text/plain": "1000"}}]
    return notebook


def hand_in(entries: Sequence[Entry], build_dir: Path) -> None:
    """Writes the submissions into `build_dir/<course>/submitted/<learner>/<unit>/`."""
    for entry in entries:
        folder = build_dir / entry.course / "submitted" / entry.learner / entry.unit
        folder.mkdir(parents=True)
        path = folder / f"{entry.unit}.ipynb"
        if entry.content == "link":
            path.symlink_to(build_dir / entry.course / "gradebook.db")
        elif isinstance(entry.content, bytes):
            path.write_bytes(entry.content)
        else:
            path.write_text(json.dumps(entry.content), encoding="utf-8")


def _answered(work: Work, variant: Variant) -> Notebook:
    return solution_notebook(work.authored, variant.solutions, variant.written)


def _spread(variants: list[Variant], most: int) -> list[Variant]:
    if len(variants) <= most:
        return variants
    return [variants[place * len(variants) // most] for place in range(most)]


def _spoken(name: str) -> str:
    return name.replace("_", " ")
