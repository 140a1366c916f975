"""Proves that what an author keeps to himself stays out of the release, the sandbox, the feedback and the journal."""

import filecmp
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.book.autograded import write_autograded
from autograder.book.feedback import write_feedback
from autograder.book.gradebook import Writer
from autograder.build.authored import Authored
from autograder.build.bundle import make_bundle
from autograder.build.solution import solved_source
from autograder.errors import AuthoringError
from autograder.grade.journal import Journal
from autograder.grade.models import Bundle, Job, Record, Result
from autograder.grade.skeleton import Rebuilt, written_hashes
from autograder.verify.builders import Builders
from autograder.verify.canary import CONTROL, PATTERN, PREFIX, find_words, new_word
from autograder.verify.forgers import common_text, forged_cell, standing_forgers
from autograder.verify.judge import Row
from autograder.verify.lines import leaked_lines
from autograder.verify.trials import Notebook, Nothing, Trial, forged_notebook, with_code

SPY = Path(__file__).with_name("spy.py")
RunJob = Callable[[Job, Bundle], Result]


@dataclass(frozen=True)
class Planted:
    """An exercise, and its copy with canaries in a project of its own."""

    authored: Authored
    copy: Authored
    project: Path
    profile: str
    bundle: Bundle = field(repr=False)


def prove_no_leak(planted: Planted, run: RunJob, builders: Builders) -> list[Row]:
    """The rows on builds, release, sandbox, feedback and journal."""
    exercise, out_dirs = planted.copy.exercise, (planted.project / "first", planted.project / "second")
    course_dir, again_dir = builders.build_twice(exercise.folder, exercise.course, out_dirs)
    spied = _spied(planted, run)
    graded = [(trial, run(trial.jobs()[0], trial.bundle)) for trial in _that_fail(planted)]
    return [
        _same_builds(planted, course_dir, again_dir),
        _clean_release(planted, course_dir),
        _public_probes(planted, course_dir),
        _clean_sandbox(planted, *spied),
        _clean_book(planted, course_dir, [*graded, spied]),
    ]


def _same_builds(planted: Planted, first: Path, second: Path) -> Row:
    names = [_files(folder) for folder in (first, second)]
    problems = []
    for name in sorted(names[0] | names[1]):
        same = name in names[0] & names[1] and filecmp.cmp(first / name, second / name, shallow=False)
        if not same:
            problems.append(
                AuthoringError(
                    "two builds differ",
                    where=planted.authored.exercise.shown,
                    came=f"{name} is another, or missing, in the second",
                    expected="the same bytes in each build",
                    mend="give data/make_data.py a fixed seed; use no time, and no order of a set, in it",
                )
            )
    return Row("two builds", "equal, byte for byte", f"{len(names[0])} files", tuple(problems))


def _files(course_dir: Path) -> set[str]:
    """What a build makes for people; the gradebook holds times and random ids."""
    tops = [course_dir / "source", course_dir / "release"]
    return {str(path.relative_to(course_dir)) for top in tops for path in top.rglob("*") if path.is_file()}


def _clean_release(planted: Planted, course_dir: Path) -> Row:
    """Neither canaries nor lines; and the release is the same whatever solutions and hidden checks say."""
    found = find_words([course_dir / "release"])
    in_source = find_words([course_dir / "source"])
    problems = _found(planted, found, "the release")
    problems += _found(planted, {kind: where for kind, where in in_source.items() if kind != "solution"}, "source/")
    problems += leaked_lines(planted.authored, planted.bundle.skeleton, planted.bundle.files)
    copied = make_bundle(planted.copy, planted.profile)
    differing = [name for name in planted.bundle.files if copied.files.get(name) != planted.bundle.files[name]]
    if planted.bundle.skeleton != copied.skeleton or set(differing) - {"hidden.py"}:
        problems.append(
            AuthoringError(
                "the release changes with a solution or a hidden check",
                where=planted.authored.exercise.shown,
                came=", ".join(differing) or "the notebook",
                expected="a release that does not depend on them",
                mend="let data/make_data.py read nothing but its own constants",
            )
        )
    came = f"clean, {len(_files(course_dir))} files" if not problems else "not clean"
    return Row("release", "no hidden line, no canary", came, tuple(problems))


def _public_probes(planted: Planted, course_dir: Path) -> Row:
    exercise = planted.copy.exercise
    probes = sorted((exercise.folder / "probes").glob("*.py"))
    problems = []
    for path in probes:
        released = course_dir / "release" / exercise.unit / "probes" / path.name
        if not released.is_file() or released.read_bytes() != path.read_bytes():
            problems.append(
                AuthoringError(
                    "a probe is not released as it is",
                    where=f"{planted.authored.exercise.shown}/probes/{path.name}",
                    expected="a probe's text is public: the learner's process reads it",
                )
            )
    return Row("probes", "public", f"{len(probes)} released", tuple(problems))


def _spied(planted: Planted, run: RunJob) -> tuple[Trial, Result]:
    """A submission that searches its sandbox, with a control that it has to find."""
    bundle = make_bundle(planted.copy, planted.profile)
    bundle = bundle.model_copy(update={"files": {**bundle.files, "control.txt": new_word(CONTROL).encode()}})
    places = [str(planted.project), str(planted.authored.exercise.folder), tempfile.gettempdir()]
    settings = {"pattern": PATTERN, "piece": PREFIX, "places": places}
    spy = f"{SPY.read_text(encoding='utf-8')}\n{common_text()}\nforged_function = raising_function\n"
    spy += f"settings.update({settings!r})\nspy()\n"
    cells = {
        f"solution-{name}": forged_cell(solved_source(cell.source))
        for name, cell in planted.copy.text.named("solution").items()
    }
    notebook = with_code(bundle.skeleton, first=spy, replaced=cells, after_parts="spy()")
    trial = _trial(planted, "spy", notebook, bundle)
    return trial, run(trial.jobs()[0], bundle)


def _that_fail(planted: Planted) -> Iterator[Trial]:
    """Submissions that make every hidden check say what it expected."""
    bundle = make_bundle(planted.copy, planted.profile)
    yield _trial(planted, "untouched", bundle.skeleton, bundle)
    for forger in standing_forgers():
        if forger.name == "zeros":
            yield _trial(planted, forger.name, forged_notebook(planted.copy, bundle.skeleton, forger), bundle)


def _trial(planted: Planted, name: str, notebook: Notebook, bundle: Bundle) -> Trial:
    shown = planted.authored.exercise.shown
    return Trial(name, shown, "exercise.py", notebook, bundle, planted.profile, Nothing(), rounds=1)


def _clean_sandbox(planted: Planted, trial: Trial, result: Result) -> Row:
    said = [outcome.came + outcome.message for part in result.parts for outcome in part.outcomes if outcome.visible]
    came = f"{result.status}: {result.sentence} {' '.join(said)[:600]}"
    problems = []
    # The status names a broken check before a kernel that ended; the sentence names both.
    ended = "The kernel ended" in result.sentence or any(part.state == "kernel died" for part in result.parts)
    if ended:
        problems.append(
            AuthoringError(
                "a canary is within reach of the learner's code",
                where=planted.authored.exercise.shown,
                came=came,
                expected="no line of hidden.py, of a solution or of a variant in the sandbox",
                mend="let no check hand a secret to call, get or run; release no file that holds it",
            )
        )
    elif result.status not in ("graded", "check broke") or (said and not any("'control'" in text for text in said)):
        problems.append(
            AuthoringError(
                "the spy did not find its control, so that its search proves nothing",
                where=planted.authored.exercise.shown,
                came=came,
                expected="a search to its end, within the limits, and a visible check that shows a learner's error",
                mend="raise the limits, or let a visible check hand on what call, get, run and ranks raise",
            )
        )
    return Row("sandbox", "no canary within reach", "clean" if not problems else "not clean", tuple(problems))


def _clean_book(planted: Planted, course_dir: Path, graded: Sequence[tuple[Trial, Result]]) -> Row:
    """Journal, autograded notebooks, gradebook and feedback of submissions that fail every hidden check."""
    unit = planted.copy.exercise.unit
    with Journal(course_dir / "journal.jsonl") as journal:
        records = []
        for trial, result in graded:
            result = result.model_copy(update={"learner": trial.name})
            written = written_hashes(trial.bundle.skeleton, trial.notebook, trial.bundle.parts)
            record = Record(result=result, notebook_sha256=trial.jobs()[0].notebook_sha256, written_sha256=written)
            write_autograded(course_dir, unit, Rebuilt(trial.notebook, {}, ()), record, trial.bundle.parts)
            records.append(journal.append(record))
    Writer(course_dir).apply(records)
    feedback = write_feedback(course_dir, [unit])
    problems: list[AuthoringError] = []
    if len(feedback.pages) != len(graded):
        came = "; ".join(feedback.problems) or f"{len(feedback.pages)} pages for {len(graded)} submissions"
        problems.append(AuthoringError("feedback pages are missing", where=planted.authored.exercise.shown, came=came))
    places = ["feedback", "autograded", "journal.jsonl", "gradebook.db"]
    found = find_words(course_dir / place for place in places)
    problems += _found(planted, found, "feedback, autograded notebooks or journal")
    came = f"clean, {len(feedback.pages)} pages" if not problems else "not clean"
    return Row("feedback and journal", "no canary", came, tuple(problems))


def _found(planted: Planted, found: dict[str, list[str]], place: str) -> list[AuthoringError]:
    files = {"hidden": "hidden.py", "solution": "a solution in exercise.py", "variant": "correct/ or wrong/"}
    return [
        AuthoringError(
            f"text of {files.get(kind, kind)} came into {place}",
            where=planted.authored.exercise.shown,
            came=", ".join(path.replace(str(planted.project), "…") for path in paths[:5]),
            expected="a canary that is found nowhere outside it",
            mend="put no hidden text into a message, and no solution into what is released",
        )
        for kind, paths in sorted(found.items())
    ]
