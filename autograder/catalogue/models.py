"""What exercise.yaml and course.yaml may say.

The description of each field is what an error shows as "expected": write it for an author.
"""

import keyword
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
SLUG_WORDS = "small letters and digits, words joined by '-'"
MARK = r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*"
MARK_WORDS = "letters and digits, words joined by '-' or '_'"
LONGEST_NAME = 60
REQUIRED_PROFILES = ("smoke", "laptop")

ProfileName = Literal["smoke", "laptop", "gpu", "cluster"]


def _stripped(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty_text", "is empty")
    return text.strip()


def _number_as_text(value: object) -> object:
    """YAML reads `OMP_NUM_THREADS: 1` as a number; an environment variable is text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _python_name(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise PydanticCustomError("python_name", "is not a Python name")
    return name


def _no_repeats(names: list[str]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise PydanticCustomError("repeated", "names {names} twice", {"names": ", ".join(repeated)})
    return names


Sentence = Annotated[str, AfterValidator(_stripped)]
Slug = Annotated[str, Field(pattern=f"^{SLUG}$", max_length=LONGEST_NAME)]
MarkName = Annotated[str, Field(pattern=f"^{MARK}$", max_length=LONGEST_NAME)]
ExerciseName = Annotated[str, Field(pattern=f"^{SLUG}/{SLUG}$")]
Unique = AfterValidator(_no_repeats)


class FileModel(BaseModel):
    """A part of a YAML file: unknown keys are errors, no text is made from a number, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Limits(FileModel):
    """What one submission may use; a fault costs the parts it touches."""

    cpu_s: float = Field(default=20, gt=0, le=3_600, description="CPU seconds of one cell, a number above 0")
    total_cpu_s: float = Field(
        default=120, gt=0, le=36_000, description="CPU seconds of the whole notebook, a number above 0"
    )
    check_cpu_s: float = Field(
        default=60, gt=0, le=3_600, description="CPU seconds that one check may compute itself, a number above 0"
    )
    memory_gib: float = Field(default=2, gt=0, le=1_024, description="memory in GiB, a number above 0")
    processes: int = Field(
        default=256, ge=1, le=65_536, description="processes and threads, a whole number of at least 1"
    )
    disk_mib: int = Field(
        default=256, ge=1, le=1_048_576, description="scratch disk in MiB, a whole number of at least 1"
    )
    output_mib: int = Field(
        default=16, ge=1, le=1_024, description="output of all cells in MiB, a whole number of at least 1"
    )
    wall_factor: float = Field(
        default=3, ge=1, le=100, description="wall time allowed per CPU second, a number of at least 1"
    )

    @model_validator(mode="after")
    def _a_cell_fits_the_notebook(self) -> Self:
        if self.total_cpu_s < self.cpu_s:
            raise PydanticCustomError(
                "limits_order",
                "total_cpu_s ({total}) is less than cpu_s ({cell}), the limit of one cell",
                {"total": self.total_cpu_s, "cell": self.cpu_s},
            )
        return self


class Criterion(FileModel):
    """One line of a rubric."""

    points: float = Field(gt=0, le=1_000, description="points for this criterion, a number above 0")
    text: Sentence = Field(description="what earns the points, a sentence that two people would apply alike")


class Rubric(FileModel):
    """How a written part is graded by a person; the learner sees it."""

    title: Sentence = Field(description="the name of the written part for people, a text")
    criteria: tuple[Criterion, ...] = Field(min_length=1, description="a list of {points, text}, at least one")

    @property
    def points(self) -> float:
        """Points of the whole part: the sum of its criteria."""
        return sum(criterion.points for criterion in self.criteria)


class Profile(FileModel):
    """How the same cells run in one place."""

    parameters: dict[Annotated[str, AfterValidator(_python_name)], JsonValue] = Field(
        default_factory=dict, description="a mapping from a name of the parameters cell to a plain value"
    )
    env: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Annotated[str, BeforeValidator(_number_as_text)]
    ] = Field(default_factory=dict, description="a mapping from an environment variable to its text")


class Profiled(FileModel):
    """What exercises and lessons share: the profiles in which their notebook runs."""

    profiles: dict[ProfileName, Profile] = Field(
        description="a mapping with smoke, laptop and, where they differ, gpu and cluster; each has parameters and env"
    )

    @model_validator(mode="after")
    def _required_profiles(self) -> Self:
        missing = [name for name in REQUIRED_PROFILES if name not in self.profiles]
        if missing:
            raise PydanticCustomError(
                "profile_missing", "the profile {names} is missing from profiles", {"names": " and ".join(missing)}
            )
        return self

    def profile(self, name: str) -> Profile:
        """The named profile; one that is not written down runs as `laptop`."""
        by_name: dict[str, Profile] = {str(key): profile for key, profile in self.profiles.items()}
        return by_name.get(name, by_name["laptop"])


class ExerciseSpec(Profiled):
    """exercise.yaml."""

    title: Sentence = Field(description="the exercise's title, a text")
    outcomes: tuple[Sentence, ...] = Field(
        min_length=2, max_length=5, description="a list of two to five texts that begin with a verb"
    )
    level: Literal["beginner", "intermediate", "advanced"] = Field(description="beginner, intermediate or advanced")
    minutes: int = Field(ge=1, le=600, description="how long a learner needs, a whole number of minutes")
    prerequisites: Annotated[list[ExerciseName], Unique] = Field(
        default_factory=list, description="a list of exercises, each written course/unit"
    )
    skills: Annotated[list[Sentence], Unique] = Field(
        default_factory=list, description="a list of skill ids, for example [PE, USE2.1]"
    )
    limits: Limits = Field(default_factory=Limits, description="a mapping of limits, for example cpu_s: 20")
    libraries: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$")]], Unique] = Field(
        default_factory=list, description="a list of the heavy libraries to import beforehand, for example [torch]"
    )
    rubrics: dict[MarkName, Rubric] = Field(
        default_factory=dict, description="a mapping from the name of a written cell to {title, criteria}"
    )


class LessonSpec(Profiled):
    """The header of a lesson."""

    title: Sentence = Field(description="the lesson's title, a text")
    minutes: int = Field(ge=1, le=600, description="how long a reader needs, a whole number of minutes")


class CourseUnit(FileModel):
    """One line of a course."""

    unit: Slug = Field(description=f"the folder name of an exercise of this course: {SLUG_WORDS}")
    weight: float = Field(
        default=1, gt=0, le=1_000, description="the unit's weight in the course mark, a number above 0"
    )


class CourseSpec(FileModel):
    """course.yaml."""

    title: Sentence = Field(description="the course's title, a text")
    audience: Sentence = Field(description="for whom the course is, a text")
    outcomes: tuple[Sentence, ...] = Field(
        min_length=2, max_length=5, description="a list of two to five texts that begin with a verb"
    )
    units: tuple[CourseUnit, ...] = Field(
        min_length=1, description="a list of {unit, weight} in the order in which they are taught"
    )

    @model_validator(mode="after")
    def _each_unit_once(self) -> Self:
        names = [entry.unit for entry in self.units]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise PydanticCustomError("unit_repeated", "units lists {names} twice", {"names": ", ".join(repeated)})
        return self


def is_slug(name: str) -> bool:
    """Whether a name can be the folder of a course or a unit."""
    return len(name) <= LONGEST_NAME and re.fullmatch(SLUG, name) is not None


def is_mark_name(name: str) -> bool:
    """Whether a name can be that of a solution, a part or a written cell."""
    return len(name) <= LONGEST_NAME and re.fullmatch(MARK, name) is not None
