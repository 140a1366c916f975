"""Learners' full names in the gradebook, where the hub tells them: formgrader lists people by these."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.exchange.client import NAMES_VARIABLE


def book_names(book: Gradebook, learners: Iterable[str]) -> None:
    """Writes the full names of these learners into the gradebook; the last word is taken for the family name."""
    names = told_names()
    for learner in sorted(set(learners) & names.keys()):
        first, _, last = names[learner].rpartition(" ")
        book.update_or_create_student(learner, first_name=first, last_name=last)


def told_names() -> dict[str, str]:
    """User name → full name; nothing where no hub tells any."""
    path = os.environ.get(NAMES_VARIABLE, "")
    if not path or not Path(path).is_file():
        return {}
    names: dict[str, str] = json.loads(Path(path).read_text(encoding="utf-8"))
    return names
