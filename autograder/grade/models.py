"""The shapes that cross the borders of grading: what a worker gets, what it sends back, what the journal keeps.

All models are frozen and refuse unknown keys; `model_dump_json` travels between processes, bytes as base64. Every
text has a bound, because a result may quote a learner's value: use `bounded` (or `OutcomeRecord.of`) before building
one.
"""

import ast
import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal, Protocol, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from autograder.catalogue.models import Limits

__all__ = [
    "Bundle",
    "Job",
    "Limits",
    "OutcomeRecord",
    "PartResult",
    "PartSpec",
    "Record",
    "Result",
    "bounded",
]

SHORT_CHARS = 300
TEXT_CHARS = 4_000
SENTENCE_CHARS = 2_000
MOST_OUTCOMES = 200
MOST_PARTS = 100
MOST_ROUNDS = 1_000
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Short = Annotated[str, StringConstraints(max_length=SHORT_CHARS)]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS)]
Sentence = Annotated[str, StringConstraints(max_length=SENTENCE_CHARS)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
PATH_PART = r"[A-Za-z0-9_][A-Za-z0-9_.\-]*"
ExerciseName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=rf"^{PATH_PART}(/{PATH_PART})?$")]
Learner = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Points = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

OutcomeState = Literal["passed", "failed", "not_attempted", "broke", "timed_out", "skipped"]
PartState = Literal[
    "graded", "timed out", "out of memory", "kernel died", "not reached", "check broke", "needs a person"
]
Status = Literal[
    "graded",
    "timed out",
    "out of memory",
    "kernel died",
    "notebook unreadable",
    "too large",
    "unknown exercise",
    "check broke",
    "refused",
]
STATUSES: tuple[str, ...] = get_args(Status)


def bounded(value: object, chars: int = TEXT_CHARS) -> str:
    """Text of a value, at most `chars` long, without control, bidirectional and surrogate characters."""
    text = UNPRINTABLE.sub("\ufffd", "" if value is None else str(value))
    return text if len(text) <= chars else text[: chars - 14] + " … (cut short)"


class Frozen(BaseModel):
    """Immutable, no unknown keys, bytes as base64 in JSON, no NaN."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64", allow_inf_nan=False
    )


class OutcomeLike(Protocol):
    """What `workbench.running.Outcome` has; its texts may be None."""

    @property
    def check(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def visible(self) -> bool: ...
    @property
    def points(self) -> float: ...
    @property
    def earned(self) -> float: ...
    @property
    def state(self) -> Any: ...
    @property
    def message(self) -> str: ...
    @property
    def expected(self) -> str | None: ...
    @property
    def came(self) -> str | None: ...
    @property
    def given(self) -> str | None: ...
    @property
    def hints(self) -> Any: ...


class OutcomeRecord(Frozen):
    """The outcome of one check as it travels; the validated twin of `workbench.running.Outcome`."""

    check: Short
    title: Short
    visible: bool
    points: Points
    earned: Points
    state: OutcomeState
    message: Text = ""
    expected: Text = ""
    came: Text = ""
    given: Text = ""
    hints: tuple[Text, ...] = Field(default=(), max_length=8)

    @model_validator(mode="after")
    def _earned_within_points(self) -> Self:
        if self.earned > self.points + 1e-9:
            raise ValueError(f"check {self.check}: earned {self.earned} of {self.points} points")
        if self.earned > 0 and self.state != "passed":
            raise ValueError(f"check {self.check}: earned {self.earned} points in state {self.state}")
        return self

    @classmethod
    def of(cls, outcome: OutcomeLike) -> "OutcomeRecord":
        """The record of an outcome, its texts cut to their bounds."""
        return cls(
            check=bounded(outcome.check, SHORT_CHARS),
            title=bounded(outcome.title, SHORT_CHARS),
            visible=bool(outcome.visible),
            points=float(outcome.points),
            earned=float(outcome.earned),
            state=outcome.state,
            message=bounded(outcome.message),
            expected=bounded(outcome.expected),
            came=bounded(outcome.came),
            given=bounded(outcome.given),
            hints=tuple(bounded(hint) for hint in list(outcome.hints or ())[:8]),
        )


class PartSpec(Frozen):
    """One graded part of an exercise; `cell_id` is also nbgrader's grade id."""

    name: Name
    title: Short = ""
    cell_id: Name
    max_points: Points
    kind: Literal["checked", "written"] = "checked"


class Bundle(Frozen):
    """All that a worker needs to grade one exercise, by value: no shared file system is assumed."""

    exercise: ExerciseName
    files: dict[str, bytes] = Field(max_length=2_000)
    skeleton: dict[str, Any]
    parts: tuple[PartSpec, ...] = Field(max_length=MOST_PARTS)
    limits: Limits
    parameters: dict[str, Any] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)
    libraries: tuple[Short, ...] = ()
    digest: str

    @cached_property
    def imports_of_checks(self) -> list[str]:
        """Libraries that the author's checks import, as "numpy" or "dask.dataframe"; not their own files."""
        own = {name.removesuffix(".py") for name in self.files} | {"workbench"}
        found: set[str] = set()
        for name, content in self.files.items():
            if not name.endswith(".py") or "/" in name:
                continue
            for node in ast.parse(content).body:
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
        return sorted(module for module in found if module.split(".")[0] not in own)

    @model_validator(mode="after")
    def _file_names_stay_inside(self) -> Self:
        for name in self.files:
            if name.startswith("/") or "\\" in name or "\x00" in name or {"", ".", ".."} & set(name.split("/")):
                raise ValueError(f"file name {name!r} leaves its folder")
        return self


class Job(Frozen):
    """One submission to grade; `notebook` is the release skeleton with the learner's sources.

    `seed_hex` is secret and seeds the checks; `kernel_seed` seeds the learner's process and may be known. `cold`: in a
    sandbox started for it alone, instead of a fork of a warm one. `only_parts`: to check no others; none for all.
    `retell`: False leaves out words that only a second run could tell without a hidden input in them.
    """

    key: Short
    learner: Learner
    exercise: ExerciseName
    notebook: dict[str, Any]
    notebook_sha256: Sha256
    seed_hex: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2,128}$")]
    profile: Name = "laptop"
    kernel_seed: int = Field(default=0, ge=0, lt=2**31)
    rounds: int = Field(default=1, ge=1, le=MOST_ROUNDS)
    trust_learners: bool = False
    cold: bool = False
    only_parts: tuple[Name, ...] = ()
    retell: bool = True


class PartResult(Frozen):
    """The mark of one part. `rounds` are the points earned with each seed; `earned` is their lowest."""

    name: Name
    earned: Points
    max_points: Points
    state: PartState
    outcomes: tuple[OutcomeRecord, ...] = Field(default=(), max_length=MOST_OUTCOMES)
    rounds: tuple[Points, ...] = Field(default=(), max_length=MOST_ROUNDS)

    @model_validator(mode="after")
    def _earned_within_points(self) -> Self:
        if self.earned > self.max_points + 1e-9:
            raise ValueError(f"part {self.name}: earned {self.earned} of {self.max_points} points")
        return self


class Result(Frozen):
    """What a worker sends back for a job; `sentence` tells the learner what the status means."""

    key: Short
    learner: Learner
    exercise: ExerciseName
    status: Status
    sentence: Sentence
    parts: tuple[PartResult, ...] = Field(default=(), max_length=MOST_PARTS)
    cpu_s: Seconds = 0.0
    checks_cpu_s: Seconds = 0.0
    wall_s: Seconds = 0.0
    memory_peak_mib: Seconds = 0.0
    sealed: bool
    worker: Short = ""
    versions: dict[Short, Short] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _part_names_differ(self) -> Self:
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise ValueError(f"a part appears twice: {sorted(names)}")
        return self

    @property
    def earned(self) -> float:
        """Points earned by the checked parts."""
        return math.fsum(part.earned for part in self.parts)

    @property
    def max_points(self) -> float:
        """Points that could be earned, written parts included."""
        return math.fsum(part.max_points for part in self.parts)

    @classmethod
    def without_run(
        cls, key: str, learner: str, exercise: str, status: Status, sentence: str, specs: tuple[PartSpec, ...] = ()
    ) -> "Result":
        """The result of a submission that was never run (unreadable, too large, refused): each part 0, not reached."""
        parts = tuple(PartResult(name=s.name, earned=0, max_points=s.max_points, state="not reached") for s in specs)
        sentence = bounded(sentence, SENTENCE_CHARS)
        return cls(
            key=key, learner=learner, exercise=exercise, status=status, sentence=sentence, parts=parts, sealed=True
        )


class Record(Frozen):
    """One line of the journal: a result, and what the book-keeping needs beside it.

    `seq` and `journal` (its id) are given by the journal when the record is appended. `written_sha256` holds, for
    each written part, the hash of the learner's answer, or "" where it is as released (`skeleton.written_hashes`).
    `fingerprint` (`unchanged.fingerprint`) and `autograded_sha256` tell that all is still as it was.
    """

    seq: int = Field(default=0, ge=0)
    journal: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32})?$")] = ""
    result: Result
    notebook_sha256: Sha256 | None = None
    written_sha256: dict[Name, str] = Field(default_factory=dict, max_length=MOST_PARTS)
    submitted_at: Annotated[str, StringConstraints(max_length=40)] | None = None
    notes: tuple[Text, ...] = Field(default=(), max_length=100)
    fingerprint: Sha256 | Literal[""] = ""
    autograded_sha256: Sha256 | Literal[""] = ""

    @property
    def learner(self) -> str:
        """Whose submission it is."""
        return self.result.learner

    @property
    def exercise(self) -> str:
        """The exercise, `course/unit`."""
        return self.result.exercise
