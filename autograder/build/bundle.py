"""All a worker needs to grade one exercise, by value, and the notebooks that prove its grader."""

import hashlib
import json
from typing import Any

from autograder.build.authored import Authored, read_exercise
from autograder.build.files import released_files
from autograder.build.release import answered_notebook, release_notebook
from autograder.build.text import Cell
from autograder.catalogue.find import Exercise
from autograder.errors import AuthoringError
from autograder.grade.models import Bundle, PartSpec


def make_bundle(exercise: Exercise | Authored, profile: str = "laptop") -> Bundle:
    """The bundle of an exercise in a profile; one that exercise.yaml does not name runs as `laptop`.

    `files` holds what is released (checks.py, probes/, data/) and hidden.py, which only the referee may see. `digest`
    hashes everything else.

    Raises:
        AuthoringError: the exercise has a mistake.
    """
    authored = _authored(exercise)
    settings = authored.spec.profile(profile)
    folder, shown = authored.exercise.folder, authored.exercise.shown
    files = released_files(folder, shown)
    if (folder / "hidden.py").is_file():
        files["hidden.py"] = (folder / "hidden.py").read_bytes()
    bundle = Bundle(
        exercise=authored.exercise.name,
        files=dict(sorted(files.items())),
        skeleton=_plain(release_notebook(authored)),
        parts=part_specs(authored),
        limits=authored.spec.limits,
        parameters=settings.parameters,
        env=settings.env,
        libraries=tuple(authored.spec.libraries),
        digest="",
    )
    return bundle.model_copy(update={"digest": _digest(bundle)})


def part_specs(authored: Authored) -> tuple[PartSpec, ...]:
    """The graded parts in the order of their cells."""
    return tuple(_part_spec(cell, authored) for cell in authored.text.cells if cell.kind in ("part", "written"))


def solution_notebook(
    exercise: Exercise | Authored, replace: dict[str, str] | None = None, written: dict[str, str] | None = None
) -> dict[str, Any]:
    """The released notebook as one who answers everything would submit it.

    Args:
        replace: other sources for solution cells, by name; the others hold the author's solution.
        written: other texts for written cells, by name.

    Raises:
        AuthoringError: the exercise has a mistake, or there is no cell of that name.
    """
    authored = _authored(exercise)
    for kind, given in (("solution", replace or {}), ("written", written or {})):
        known = authored.text.named("solution" if kind == "solution" else "written")
        for name in given:
            if name not in known:
                raise AuthoringError(
                    f"the {kind} is unknown",
                    where=authored.text.shown,
                    came=name,
                    expected=f"one of: {', '.join(known)}",
                )
    return _plain(answered_notebook(authored, replace or {}, written or {}))


def _part_spec(cell: Cell, authored: Authored) -> PartSpec:
    checked = cell.kind == "part"
    return PartSpec(
        name=cell.name,
        title=authored.parts[cell.name].title if checked else authored.spec.rubrics[cell.name].title,
        cell_id=f"{cell.kind}-{cell.name}",
        max_points=authored.points(cell.name),
        kind="checked" if checked else "written",
    )


def _authored(exercise: Exercise | Authored) -> Authored:
    return exercise if isinstance(exercise, Authored) else read_exercise(exercise)


def _plain(notebook: Any) -> dict[str, Any]:
    """A notebook as plain dicts and lists, in one order of keys."""
    plain: dict[str, Any] = json.loads(json.dumps(notebook, sort_keys=True))
    return plain


def _digest(bundle: Bundle) -> str:
    """Each file is hashed on its own first, so that no two sets of files give the same bytes."""
    files = {name: hashlib.sha256(content).hexdigest() for name, content in bundle.files.items()}
    rest = bundle.model_dump(mode="json", exclude={"files", "digest"})
    return hashlib.sha256(json.dumps([files, rest], sort_keys=True).encode()).hexdigest()
