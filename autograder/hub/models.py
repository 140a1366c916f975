"""What hub.yaml may say. The description of each field is what an error shows as "expected"."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from autograder.catalogue.models import SLUG_WORDS, FileModel, ProfileName, Sentence, Slug, Unique
from autograder.exchange.settings import ExchangeLimits

USER = r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*"
USER_WORDS = "small letters and digits, a letter first, words joined by '-' or '_', at most 32 characters"
LEARNER, COURSE = "learner", "course"  # the profiles that are always there

UserName = Annotated[str, Field(pattern=f"^{USER}$", max_length=32)]
People = Annotated[list[UserName], Unique]
Text = Annotated[str, Field(min_length=1)]


class Network(FileModel):
    """Where the hub listens."""

    address: Text = Field(default="127.0.0.1", description="the address that browsers reach, for example 127.0.0.1")
    port: int = Field(default=8000, ge=1, le=65_535, description="a port from 1 to 65535, for browsers")
    hub_port: int = Field(default=8081, ge=1, le=65_535, description="a port from 1 to 65535, for servers")
    proxy_port: int = Field(default=8001, ge=1, le=65_535, description="a port from 1 to 65535, for the proxy")
    exchange_port: int = Field(default=8002, ge=1, le=65_535, description="a port from 1 to 65535, for the exchange")

    @property
    def ports(self) -> dict[str, int]:
        """Key → port."""
        return {name: getattr(self, name) for name in ("port", "hub_port", "proxy_port", "exchange_port")}


class Tls(FileModel):
    """A key and its certificate; both or none."""

    key: Text = Field(description="the file of the private key, PEM, readable by its owner alone")
    certificate: Text = Field(description="the file of the certificate and its chain, PEM")


class Storage(FileModel):
    """Where everything is kept that must outlive a restart."""

    folder: Text = Field(default="build/hub", description="a folder; relative to the project")
    database: str = Field(
        default="",
        pattern=r"^$|^sqlite:///.+|^postgresql(\+psycopg)?://.+",
        description="the hub's database: empty for SQLite in the folder, else postgresql+psycopg://…",
    )
    exchange_database: str = Field(
        default="",
        pattern=r"^$|^sqlite:///.+|^postgresql(\+psycopg)?://.+",
        description="the exchange's database: empty for SQLite in the folder, else postgresql+psycopg://…",
    )


class SignIn(FileModel):
    """How people prove who they are. Further kinds are models of their own, told apart by `kind`."""

    kind: Literal["passwords"] = Field(default="passwords", description="passwords")
    shortest_password: int = Field(default=10, ge=8, le=128, description="characters of a password, from 8 to 128")


class LocalSpawner(FileModel):
    """Servers as processes of this machine. Further kinds are models of their own, told apart by `kind`."""

    kind: Literal["local"] = Field(default="local", description="local")
    starting_at_once: int = Field(default=10, ge=1, le=1_000, description="servers that start at once, at least 1")
    most_servers: int = Field(default=200, ge=1, le=10_000, description="servers that run at once, at least 1")
    start_timeout_s: int = Field(default=120, ge=10, le=3_600, description="seconds for a start, from 10 to 3600")


class ServerProfile(FileModel):
    """What one server may use, and how the kit's notebooks run on it."""

    memory_gib: float = Field(default=2, ge=0.5, le=4_096, description="memory of one server in GiB, at least 0.5")
    cpu_cores: int = Field(default=2, ge=1, le=4_096, description="cores of one server, a whole number of at least 1")
    processes: int = Field(default=512, ge=64, le=65_536, description="processes and threads, at least 64")
    kit_profile: ProfileName = Field(default="laptop", description="smoke, laptop, gpu or cluster")


class Idle(FileModel):
    """When what nobody uses is ended. A busy kernel is never ended."""

    kernel_after_minutes: float = Field(default=60, gt=0, le=100_000, description="minutes, a number above 0")
    server_after_minutes: float = Field(default=30, gt=0, le=100_000, description="minutes, a number above 0")
    check_every_minutes: float = Field(default=5, gt=0, le=1_440, description="minutes, a number above 0")


class Person(FileModel):
    """Somebody who may sign in."""

    full_name: Sentence | None = Field(default=None, description="the name for people, a text")
    profile: Slug = Field(default=LEARNER, description="the name of a profile")


class HubCourse(FileModel):
    """Who is who in a course."""

    instructors: People = Field(min_length=1, description="a list of names of people, at least one")
    graders: People = Field(default_factory=list, description="a list of names of people")
    learners: People = Field(default_factory=list, description="a list of names of people")
    profile: Slug = Field(default=COURSE, description="the name of a profile, for the course's own server")

    def roles(self) -> dict[str, list[str]]:
        """Key in hub.yaml → people."""
        return {"instructors": self.instructors, "graders": self.graders, "learners": self.learners}


class HubSettings(FileModel):
    """hub.yaml."""

    courses: dict[Slug, HubCourse] = Field(
        min_length=1, description=f"a mapping from a course ({SLUG_WORDS}) to {{instructors, learners}}"
    )
    people: dict[UserName, Person] = Field(
        min_length=1, description=f"a mapping from a user name ({USER_WORDS}) to {{full_name}}"
    )
    network: Network = Field(default_factory=Network, description="a mapping with address, port")
    tls: Tls | None = Field(default=None, description="a mapping with key and certificate, or nothing")
    storage: Storage = Field(default_factory=Storage, description="a mapping with folder, database")
    sign_in: SignIn = Field(default_factory=SignIn, description="a mapping with kind")
    spawner: LocalSpawner = Field(default_factory=LocalSpawner, description="a mapping with kind")
    profiles: dict[Slug, ServerProfile] = Field(
        default_factory=dict, description=f"a mapping from a name ({SLUG_WORDS}) to {{memory_gib, cpu_cores}}"
    )
    idle: Idle = Field(default_factory=Idle, description="a mapping with kernel_after_minutes, server_after_minutes")
    exchange: ExchangeLimits = Field(
        default_factory=lambda: ExchangeLimits.model_validate({}),
        description=f"a mapping with {', '.join(ExchangeLimits.model_fields)}",
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_people(cls, data: object) -> object:
        """`ada:` with nothing behind it is a person without further words."""
        if isinstance(data, dict) and isinstance(people := data.get("people"), dict):
            return {**data, "people": {name: {} if person is None else person for name, person in people.items()}}
        return data

    def profile(self, name: str) -> ServerProfile:
        """The named profile; `learner` and `course` are there without being written."""
        return self.profiles.get(name, ServerProfile())

    @property
    def profile_names(self) -> list[str]:
        """All that may be named."""
        return sorted({LEARNER, COURSE, *self.profiles})

    def groups(self) -> dict[str, list[str]]:
        """Group of the hub → its members. A course's own account is one of its instructors."""
        found: dict[str, list[str]] = {}
        for course, about in self.courses.items():
            found[f"learner-{course}"] = list(about.learners)
            found[f"grader-{course}"] = list(about.graders)
            found[f"instructor-{course}"] = [*about.instructors, account_of(course)]
        return found


def account_of(course: str) -> str:
    """The hub user as which a course's own server runs. Nobody signs in as it."""
    return f"course-{course}"


def course_of(account: str) -> str:
    """The course of such an account; "" for a person's."""
    return account.removeprefix("course-") if account.startswith("course-") else ""


def folder_of(settings: HubSettings, root: Path) -> Path:
    """Where the hub's state lies."""
    return (root / Path(settings.storage.folder).expanduser()).resolve()


__all__ = ["HubCourse", "HubSettings", "account_of", "course_of", "folder_of"]
