"""One hub: its settings, its folders and the courses it serves."""

import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.catalogue.find import Catalogue, find_catalogue, project_root
from autograder.hub.load import load_settings
from autograder.hub.models import HubSettings, account_of, folder_of
from autograder.hub.places import Places
from autograder.sandbox.spec import REPOSITORY

HUB_VARIABLE = "AUTOGRADER_HUB"
CONFIG_FOLDER = REPOSITORY / "hub-config"


@dataclass(frozen=True)
class Hub:
    """What all parts of the hub need to know. `file` is its hub.yaml, `root` the project."""

    file: Path
    root: Path
    settings: HubSettings

    @classmethod
    def open(cls, file: Path | None = None) -> "Hub":
        """The hub of a hub.yaml: of `file`, of the environment variable AUTOGRADER_HUB, else hub-config/hub.yaml.

        Raises:
            HubError: hub.yaml has a mistake.
        """
        root = project_root()
        path = (file or Path(os.environ.get(HUB_VARIABLE, root / "hub-config" / "hub.yaml"))).expanduser().resolve()
        shown = path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
        return cls(path, root, load_settings(path, shown))

    @cached_property
    def places(self) -> Places:
        """Its folders."""
        return Places(folder_of(self.settings, self.root))

    @cached_property
    def catalogue(self) -> Catalogue:
        """All courses and exercises that can be seen."""
        return find_catalogue(self.root)

    @property
    def base_url(self) -> str:
        """What a browser on this machine opens."""
        network = self.settings.network
        scheme = "https" if self.settings.tls else "http"
        return f"{scheme}://{network.address}:{network.port}"

    @property
    def broken(self) -> dict[str, str]:
        """Course → why it could not be built; such a course is left out of the listing."""
        try:
            found: dict[str, str] = json.loads(self.places.broken_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {course: why for course, why in found.items() if course in self.settings.courses}

    def served(self) -> list[str]:
        """The courses that are there."""
        return [course for course in self.settings.courses if course not in self.broken]

    def courses_of(self, name: str) -> dict[str, str]:
        """Course → role of a person in it, one of instructors, graders, learners."""
        found = {}
        for course in self.served():
            for role, names in self.settings.courses[course].roles().items():
                if name in names:
                    found[course] = role
        return found

    def accounts(self) -> list[str]:
        """People and the courses' own accounts."""
        return [*self.settings.people, *map(account_of, self.settings.courses)]


def interpreter() -> list[str]:
    """This interpreter; what lies in the folder where it starts is not imported."""
    return [sys.executable, "-P"]
