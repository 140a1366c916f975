"""Solution regions: what the learner gets in their place, and what is left when only their marks are taken away."""

import ast
import json
import re
import textwrap

from autograder.errors import AuthoringError

BEGIN = re.compile(r"^(?P<indent>\s*)### BEGIN SOLUTION(?P<starter>.*)$")
END = re.compile(r"^\s*### END SOLUTION\s*$")
ANY_MARK = re.compile(r"^\s*#+\s*(BEGIN|END)\s+SOLUTION", re.IGNORECASE)
LONGEST_LINE = 84
FORM = '### BEGIN SOLUTION "What to do, in one sentence."  …  ### END SOLUTION'


def released_source(source: str, name: str, is_code: bool, shown: str, line: int) -> str:
    """The cell as the learner gets it: each region replaced by its starter.

    A starter in quotes becomes `raise NotImplementedError("NAME: sentence")` in code, the sentence itself in prose; one
    without quotes is the line itself. A code cell needs a region; a written cell without one stays as it is.

    Args:
        shown, line: the file and the line of the cell's marker, for errors.

    Raises:
        AuthoringError: no region, none closed, one in another, one without a starter.
    """
    released: list[str] = []
    opened = 0
    for number, text in enumerate(source.split("\n"), start=line + 1):
        where = f"{shown}, line {number}"
        begin = BEGIN.match(text)
        if begin:
            if opened:
                raise AuthoringError(
                    "a solution begins inside another", where=where, came=f"the other: line {opened}", expected=FORM
                )
            opened = number
            starter = _starter(begin["starter"].strip(), name, is_code, where)
            released += [begin["indent"] + text for text in starter]
        elif END.match(text):
            if not opened:
                raise AuthoringError("a solution ends that never began", where=where, came=text.strip(), expected=FORM)
            opened = 0
        elif ANY_MARK.match(text):
            raise AuthoringError("a solution's mark has another form", where=where, came=text.strip(), expected=FORM)
        elif not opened:
            released.append(text)
    if opened:
        raise AuthoringError("a solution does not end", where=f"{shown}, line {opened}", expected=FORM)
    if is_code and "### BEGIN SOLUTION" not in source:
        raise AuthoringError(
            f"the solution cell {name} has no solution",
            where=f"{shown}, line {line}",
            came="no ### BEGIN SOLUTION",
            expected=FORM,
            mend="mark the lines that the learner has to write",
        )
    return "\n".join(released)


def solved_source(source: str) -> str:
    """The cell with its solution, without the marks around it."""
    return "\n".join(text for text in source.split("\n") if not BEGIN.match(text) and not END.match(text))


def solution_lines(source: str) -> list[str]:
    """The lines that must never be released, stripped, empty ones left out."""
    found, inside = [], False
    for text in source.split("\n"):
        if BEGIN.match(text) or END.match(text):
            inside = bool(BEGIN.match(text))
        elif inside and text.strip():
            found.append(text.strip())
    return found


def _starter(text: str, name: str, is_code: bool, where: str) -> list[str]:
    if not text:
        raise AuthoringError(
            "the solution has no starter",
            where=where,
            came="### BEGIN SOLUTION",
            expected=FORM,
            mend="say in one sentence, in quotes, what the learner has to write here",
        )
    if text[0] not in "\"'":
        return [text]
    try:
        sentence = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        sentence = None
    if not isinstance(sentence, str) or not sentence.strip():
        raise AuthoringError("the starter's sentence is not one quoted text", where=where, came=text, expected=FORM)
    if not is_code:
        return [sentence.strip()]
    said = f"{name}: {sentence.strip()}"
    line = f"raise NotImplementedError({json.dumps(said, ensure_ascii=False)})"
    if len(line) <= LONGEST_LINE:
        return [line]
    # A notebook's cell is about as wide as this; a longer line would have to be scrolled.
    pieces = textwrap.wrap(said, LONGEST_LINE - 8, break_long_words=False, break_on_hyphens=False)
    pieces = [piece + " " for piece in pieces[:-1]] + pieces[-1:]
    quoted = [f"    {json.dumps(piece, ensure_ascii=False)}" for piece in pieces]
    return ["raise NotImplementedError(", *quoted, ")"]
