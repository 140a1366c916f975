"""How a lesson's pieces are shown: text and HTML in one output, and a widget below it in a live notebook.

The widget hides its twin while it lives. They are two outputs, since of one JupyterLab would show the widget alone, and
an error in its place in a notebook that is opened again.

The twins are readable without widgets, without colour and in any theme: on a saved page, in feedback, in a terminal.
"""

import html
import math
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from workbench import notes
from workbench.course_card import notebook_path
from workbench.errors import KitError

NBGRADER_MODE = "NBGRADER_EXECUTION"  # set by nbgrader, and by `autograder build --run` for solved notebooks
WIDGETS = "WORKBENCH_WIDGETS"  # "0" leaves the widgets out; "1" has them also where nobody seems to look
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# Each mark says by itself what it means; white on these grounds has a contrast of at least 5:1, in any theme.
RIGHT, WRONG, OPEN = ("✓ correct", "#1a7f37"), ("✗ not yet", "#b42318"), ("… not attempted", "#57606a")
OTHER = ("✗ not this one", "#b42318")
_PILL = "color:#ffffff;background:{};padding:1px 6px;border-radius:4px;white-space:nowrap"
HINTS = ("Hint", "One more hint")
Mark = tuple[str, str]


class LessonError(KitError):
    """A lesson's helper was called in a way that makes no sense; shown in a notebook without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def show(text: str, page: str, widget: Any = None) -> Any:
    """Shows a piece, or prints its text where there is no notebook.

    Args:
        text, page: its twins, plain text and HTML.
        widget: makes the widget; called in a live notebook only.

    Returns:
        IPython's handle, whose `update(bundle(…), raw=True)` changes what is shown; None where it was printed.
    """
    if _shell() is None:
        print(text)
        return None
    from IPython.display import display

    notes.lesson()
    handle = display(bundle(text, page), raw=True, display_id=True)  # type: ignore[no-untyped-call]
    if widget is not None and is_live():
        view = {"version_major": 2, "version_minor": 0, "model_id": widget().model_id}
        display({WIDGET_VIEW: view}, raw=True)  # type: ignore[no-untyped-call]
    return handle


def bundle(text: str, page: str) -> dict[str, Any]:
    """The twins as an output's data."""
    return {"text/plain": text, "text/html": page}


def is_live() -> bool:
    """Whether widgets can work here: a kernel, a notebook that somebody has open, no grading, not switched off."""
    if os.environ.get(NBGRADER_MODE) or os.environ.get("WORKBENCH_LINK_FD") or not hasattr(_shell(), "kernel"):
        return False
    wanted = os.environ.get(WIDGETS) or ("1" if notebook_path() else "0")
    return wanted != "0" and find_spec("anywidget") is not None


def is_solved_run() -> bool:
    """Whether the notebook holds the author's answers, so that one which does not hold is an error."""
    return os.environ.get(NBGRADER_MODE) == "validate"


def pill(mark: Mark) -> str:
    """A mark as HTML."""
    words, ground = mark
    return f'<span style="{_PILL.format(ground)}">{words}</span>'


def prose(text: str) -> str:
    """A sentence as HTML: escaped, with `code` in backticks."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def reply(mark: Mark, text: str) -> str:
    """What is answered to a reader's action, as HTML."""
    return f"<p>{pill(mark)} {prose(text)}</p>"


def folded(hints: Sequence[str]) -> str:
    """Hints, given as HTML, each behind a fold, the second inside the first."""
    inner = ""
    for name, page in reversed(list(zip(HINTS, hints, strict=False))):
        inner = f"<details><summary>{name}</summary><p>{page}</p>{inner}</details>"
    return inner


def number_text(value: float, unit: str = "") -> str:
    """A number for people: 1,024 · 0.0213 · 1.9 × 10^11, with its unit."""
    if float(value).is_integer() and abs(value) < 1e9:
        text = f"{int(value):,}"
    elif 1e-3 <= abs(value) < 1e6:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')} × 10^{int(exponent)}"
    return f"{text} {unit}".rstrip()


def as_number(value: Any, where: str) -> float:
    """A finite number out of a Python number, a NumPy or torch scalar.

    Raises:
        LessonError: it is none.
    """
    item = value
    if hasattr(value, "item"):
        with suppress(ValueError, RuntimeError):  # more than one number
            item = value.item()
    if isinstance(item, bool) or not isinstance(item, (int, float)) or not math.isfinite(item):
        raise LessonError("This is no number.", where=where, came=repr(value)[:200], expected="one finite number")
    return item


def as_sentence(value: Any, what: str, where: str) -> str:
    """A text that is not empty.

    Raises:
        LessonError: it is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise LessonError(f"{what} is missing.", where=where, came=repr(value)[:200], expected="a text")
    return value.strip()


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
