"""Settings of the service: a JSON file, named in the environment variable AUTOGRADER_EXCHANGE."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autograder.errors import KitError

VARIABLE = "AUTOGRADER_EXCHANGE"
MIB = 2**20


class ExchangeLimits(BaseModel):
    """How much is let in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    submission_mib: int = Field(100, ge=1, description="largest submission")
    release_mib: int = Field(1_024, ge=1, description="largest assignment")
    feedback_mib: int = Field(100, ge=1, description="largest feedback to one learner on one attempt")
    files: int = Field(1_000, ge=1, le=2_000, description="files in any of these")
    attempts_kept: int = Field(20, ge=2, description="attempts of a learner whose files are kept; receipts all are")
    idle_s: float = Field(60, gt=0, description="how long an upload may stand still before it is cut off")


class Settings(BaseModel):
    """What the operator decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    storage: Path = Field(description="folder of the exchange; made, mode 0700, where it is missing")
    database: str = Field("", description="SQLAlchemy's URL; empty: exchange.sqlite in the folder")
    limits: ExchangeLimits = ExchangeLimits.model_validate({})
    auth_cache_s: float = Field(5, ge=0, le=60, description="how long the hub's word on a token or a group is believed")

    @property
    def database_url(self) -> str:
        """Where the records are."""
        return self.database or f"sqlite:///{self.storage.absolute() / 'exchange.sqlite'}"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises KitError: no file is named, or it cannot be read, or something in it is not known or not right."""
    name = environment.get(VARIABLE, "")
    if not name:
        raise KitError(
            "the exchange does not know its settings",
            where=f"environment variable {VARIABLE}",
            came="not set",
            expected='a file with JSON such as {"storage": "/var/lib/course-kit/exchange"}',
            mend=f"set {VARIABLE} in the service's environment",
        )
    try:
        return Settings.model_validate_json(Path(name).read_bytes())
    except OSError as error:
        raise KitError("the settings cannot be read", where=name, came=str(error), mend="write the file") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise KitError(
            "a setting of the exchange is wrong",
            where=f"{name}, {key}" if key else name,
            came=repr(first["input"])[:200],
            expected=first["msg"],
            mend="correct it; the keys are described in docs/exchange.md",
        ) from error
