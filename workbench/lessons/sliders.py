"""`wb.explore`: something that is drawn again for other values; on a saved page it stands as it was last drawn."""

import html
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.lessons.controls import controls
from workbench.lessons.pictures import table_twins
from workbench.lessons.shown import OPEN, LessonError, bundle, number_text, pill, prose, show

FAILED = ("✗ no result", "#b42318")
MOST_SLIDERS = 5
_STEPS = 100  # of a slider between two numbers that are not whole
_MOST_LABELS = 500  # places whose values are written out; the values of others the browser writes
_EXPECTED = "name=(low, high), name=(low, high, step), name=[value, …] or name={label: value, …}"


@dataclass(frozen=True)
class Scale:
    """What one slider offers: `values` are its choices, or (low, high, step) where `labels` is empty."""

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    start: Any

    @property
    def label(self) -> str:
        """The parameter's name in words."""
        return self.name.replace("_", " ")

    def said(self, value: Any) -> str:
        """A value as a reader finds it on the slider."""
        return self.labels[self.values.index(value)] if self.labels else number_text(value)

    @property
    def last(self) -> int:
        """The last place of the slider; the first is 0."""
        return len(self.values) - 1 if self.labels else int((self.values[1] - self.values[0]) / self.values[2] + 1e-9)

    @property
    def place(self) -> int:
        """The place where it starts, or the one that is nearest to the start."""
        if self.labels:
            return self.values.index(self.start)
        return min(self.last, round(float((self.start - self.values[0]) / self.values[2])))

    def at(self, place: int) -> Any:
        """The value at a place."""
        return self.values[place] if self.labels else self.values[0] + place * self.values[2]

    def offer(self) -> str:
        """All that the slider offers, in words."""
        span = " · ".join(self.labels) or f"{number_text(self.values[0])} to {number_text(self.values[1])}"
        return f"{self.label}: {span}"


def explore(function: Callable[..., Any], /, *, table: Any = None, **sliders: Any) -> None:
    """Calls `function(**values)` and shows what it shows; in a live notebook again for each move of a slider.

    What was drawn is an ordinary output of the cell: a saved page shows it for the values that were last chosen, at
    first those of the start. Nothing waits.

    Args:
        function: shows its result by `wb.picture`, `print` or its return value. Pictures come above what is printed.
            A default of its parameters is where that slider starts, else its middle.
        table: a pandas DataFrame or Series of results for several values, for readers without sliders; folded below.
        sliders: for each parameter `(low, high)`, `(low, high, step)`, `[value, …]` or `{label: value, …}`; 1 to 5.

    Raises:
        LessonError: the sliders do not fit the function, or a slider offers nothing.
    """
    where = f"wb.explore({getattr(function, '__name__', repr(function))[:60]}, …)"
    scales = _scales(function, sliders, where)
    below = table_twins(table, where)
    start = {scale.name: scale.start for scale in scales}
    # Before the sliders are shown: an error of the lesson is an error of its cell.
    first = _framed(scales, start, _answered(function, start, at_start=True), below)
    shown: list[Any] = []

    def again(values: dict[str, Any]) -> str:
        if shown and shown[0] is not None:
            shown[0].update(bundle(*_framed(scales, values, _answered(function, values), below)), raw=True)
        return html.escape(_chosen(scales, values))

    offer = f"In a live notebook, sliders are here. {'; '.join(scale.offer() for scale in scales)}."
    show(offer, f"<p>{html.escape(offer)}</p>", lambda: _board(scales, again))
    shown.append(show(*first))


def _scales(function: Callable[..., Any], sliders: Mapping[str, Any], where: str) -> list[Scale]:
    if not callable(function):
        raise LessonError("The first argument is no function.", where="wb.explore", came=repr(function)[:200])
    if not 1 <= len(sliders) <= MOST_SLIDERS:
        came = ", ".join(sliders) or "none"
        raise LessonError("This is no number of sliders.", where, came, f"1 to {MOST_SLIDERS}, as {_EXPECTED}")
    signature = inspect.signature(function)
    try:
        signature.bind(**sliders)
    except TypeError as error:
        expected = f"a slider for each parameter without a default: {signature}"
        raise LessonError("The sliders do not fit the function.", where, str(error), expected) from None
    defaults = {name: p.default for name, p in signature.parameters.items() if p.default is not p.empty}
    return [_scale(name, offered, defaults, f"{where}, {name}") for name, offered in sliders.items()]


def _scale(name: str, offered: Any, defaults: Mapping[str, Any], where: str) -> Scale:
    """Reads what the author wrote for one slider."""
    values, labels = _offered(offered, where)
    if labels:
        start = defaults.get(name, values[len(values) // 2])
        fits = start in values
    else:
        low, high, step = values
        start = defaults.get(name, low + step * int((high - low) / step / 2))
        fits = _is_number(start) and low <= start <= high
    if not fits:
        mend = "correct the default of the parameter: it is where the slider starts"
        raise LessonError("The slider cannot start there.", where, repr(start)[:200], f"one of {offered!r}"[:200], mend)
    return Scale(name, values, labels, start)


def _offered(offered: Any, where: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    if isinstance(offered, tuple) and len(offered) in (2, 3) and all(map(_is_number, offered)):
        low, high = offered[:2]
        whole = all(isinstance(number, int) for number in offered)
        step = offered[2] if len(offered) == 3 else 1 if whole else (high - low) / _STEPS
        if low < high and 0 < step <= high - low:
            return (low, high, step), ()
    elif isinstance(offered, Mapping) and len(offered) >= 2:
        return tuple(offered.values()), tuple(map(str, offered))
    elif isinstance(offered, Sequence) and not isinstance(offered, (str, tuple)) and len(offered) >= 2:
        labels = tuple(number_text(value) if _is_number(value) else str(value) for value in offered)
        if len(set(labels)) == len(labels):
            return tuple(offered), labels
    raise LessonError("This slider offers nothing to choose from.", where, repr(offered)[:200], _EXPECTED)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _called(function: Callable[..., Any], values: Mapping[str, Any]) -> tuple[str, str]:
    """What the function shows for these values, as text and HTML."""
    from IPython.core.getipython import get_ipython
    from IPython.utils.capture import capture_output

    with capture_output(stdout=True, stderr=False, display=True) as said:
        result = function(**values)
    pieces = [output.data for output in said.outputs]
    if result is not None:
        shell: Any = get_ipython()
        pieces.append(shell.display_formatter.format(result)[0] if shell else {"text/plain": str(result)})
    text = [piece.get("text/plain", "") for piece in pieces]
    page = [_as_page(piece) for piece in pieces]
    if said.stdout.strip():
        text.append(said.stdout.rstrip())
        page.append(_as_page({"text/plain": said.stdout.rstrip()}))
    return "\n".join(filter(None, text)), "".join(page)


def _as_page(data: Mapping[str, Any]) -> str:
    if "text/html" in data:
        return str(data["text/html"])
    plain = html.escape(str(data.get("text/plain", "")))
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{data["image/png"]}" alt="{plain}" style="max-width:100%">'
    return f'<pre style="white-space:pre-wrap">{plain}</pre>'


def _answered(function: Callable[..., Any], values: Mapping[str, Any], at_start: bool = False) -> tuple[str, str]:
    """As `_called`; what the function raises is shown in its place.

    At the start only a step that the reader has not written yet: all else is an error of the cell.
    """
    try:
        return _called(function, values)
    except NotImplementedError as error:
        mark, sentence = OPEN, str(error) or "write the step above, then run this cell again"
    except Exception as error:
        if at_start:
            raise
        mark, sentence = FAILED, f"{type(error).__name__}: {error}"[:400]
    return f"{mark[0]}: {sentence}", f"<p>{pill(mark)} {prose(sentence)}</p>"


def _framed(
    scales: list[Scale], values: Mapping[str, Any], drawn: tuple[str, str], below: tuple[str, str]
) -> tuple[str, str]:
    """The drawing under the values that it belongs to, as text and HTML."""
    chosen = _chosen(scales, values)
    return f"{chosen}\n{drawn[0]}{below[0]}", f"<p>{html.escape(chosen)}</p>{drawn[1]}{below[1]}"


def _chosen(scales: list[Scale], values: Mapping[str, Any]) -> str:
    return "Shown for " + ", ".join(f"{scale.label} = {scale.said(values[scale.name])}" for scale in scales) + ":"


def _board(scales: list[Scale], again: Callable[[dict[str, Any]], str]) -> Any:
    """The sliders, one below the other. They move from place to place, counted from 0; Python knows the values."""
    values = {scale.name: scale.start for scale in scales}
    places = {scale.name: scale.place for scale in scales}

    def answer(action: dict[str, Any]) -> str:
        for scale in scales:
            place = int(action["places"][scale.name])
            if place != places[scale.name]:  # a start that lies between two places stays until it is moved
                places[scale.name], values[scale.name] = place, scale.at(place)
        return again(dict(values))

    spec = {
        "kind": "sliders",
        "label": "Sliders: what is shown below changes with them",
        "sliders": [_slider(scale) for scale in scales],
        "button": "Back to the start",
        "quiet": True,
    }
    return controls(spec, answer)


def _slider(scale: Scale) -> dict[str, Any]:
    """One slider, for controls.js."""
    told: dict[str, Any] = {"name": scale.name, "label": scale.label, "last": scale.last, "at": scale.place}
    if scale.last <= _MOST_LABELS:
        return told | {"labels": [scale.said(scale.at(place)) for place in range(scale.last + 1)]}
    low, _, step = scale.values
    return told | {"low": low, "step": step}
