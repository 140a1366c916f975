"""Which names may travel. The service never uses one as a path; the client writes files by them, so both ends check."""

import re
import unicodedata
from collections.abc import Iterable

from autograder.exchange.refusals import Malformed
from autograder.grade.intake import LEARNER_ID

COURSE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|$)){0,99}", re.ASCII)
# nbgrader's users give assignments names with spaces, which the kit's own units do not have.
ASSIGNMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.|$)| (?! |$)){0,99}", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
FILE_BYTES = 255
# Control, formatting (text that turns round), half a surrogate pair, not assigned, line and paragraph separators.
FORBIDDEN_KINDS = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
# The collected folder holds nbgrader's own file of that name.
RESERVED = "timestamp.txt"


def course_name(name: str) -> str:
    """The name, if it may be a course's. Raises Malformed."""
    return _name(name, COURSE, "course", "letters A-Z, digits and . _ -")


def assignment_name(name: str) -> str:
    """The name, if it may be an assignment's. Raises Malformed."""
    return _name(name, ASSIGNMENT, "assignment", "letters A-Z, digits, single spaces and . _ -")


def learner_name(name: str) -> str:
    """The name, if the grader takes it for a learner's, whose folder it names. Raises Malformed."""
    return _name(name, LEARNER_ID, "learner", "letters A-Z, digits and . _ @ + -")


def _name(name: str, pattern: re.Pattern[str], kind: str, signs: str) -> str:
    if not pattern.fullmatch(name):
        expected = f"1 to 100 {signs}; no two dots in a row, none at the end; the first a letter or digit"
        raise Malformed(f"this is no name of a {kind}", came=shown(name), expected=expected, mend="correct the name")
    return name


def file_names(names: Iterable[str], where: str = "", reserved: Iterable[str] = ()) -> None:
    """Raises Malformed for the first name that may not be written below a folder, or does not go with the others."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        problem = file_problem(name)
        if not problem and name.split("/")[0] in reserved:
            problem = "this name is the exchange's own"
        if not problem and name in seen:
            problem = "the name comes twice"
        if problem:
            raise Malformed(
                f"a file has a name that may not travel: {problem}",
                where=where,
                came=shown(name),
                expected="a relative path below one folder, such as data/points.csv, of 255 bytes at most",
                mend="rename the file, or remove it",
            )
        seen.add(name)
        parts = name.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    if both := sorted(seen & folders):
        raise Malformed("a name is a file and a folder", where=where, came=shown(both[0]), mend="rename one of the two")


def file_problem(name: str) -> str:
    """Why a file may not have this name; "" where it may."""
    try:
        size_bytes = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is no text in UTF-8"
    if not 0 < size_bytes <= FILE_BYTES:
        return "it is empty or longer than 255 bytes"
    if any(unicodedata.category(sign) in FORBIDDEN_KINDS for sign in name):
        return "it has a control or formatting character"
    if "\\" in name:
        return "it has a backslash"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "it is absolute, or has a part that is empty, . or .."
    return ""


def shown(name: str) -> str:
    """A name from a stranger, safe and short enough for a message or a log."""
    text = ascii(name)
    return text if len(text) <= 120 else f"{text[:117]}…"
