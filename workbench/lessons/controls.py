"""Controls in a live notebook: choices, a field, lines in order, sliders, buttons; drawn by controls.js beside this."""

import html
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from workbench.errors import KitError

Answer = Callable[[dict[str, Any]], str]


def controls(spec: Mapping[str, Any], answer: Answer) -> Any:
    """The widget.

    Args:
        spec: what to show; `kind` names one of the functions in controls.js, which say what else they read.
        answer: gets each action of the reader, and returns what to say to it as HTML.
    """
    return _kind()(dict(spec), answer)


@cache
def _kind() -> Any:
    """The class; made when it is first needed, since anywidget takes a while to import."""
    import anywidget
    import traitlets

    here = files("workbench.lessons")

    class Controls(anywidget.AnyWidget):
        _esm = (here / "controls.js").read_text(encoding="utf-8")
        _css = (here / "controls.css").read_text(encoding="utf-8")
        spec = traitlets.Dict().tag(sync=True)
        said = traitlets.Unicode().tag(sync=True)
        answered = traitlets.Int().tag(sync=True)

        def __init__(self, spec: dict[str, Any], answer: Answer) -> None:
            super().__init__(spec=spec)
            self._answer = answer
            self.on_msg(lambda _widget, action, _buffers: self.act(action))

        def act(self, action: Any) -> None:
            """Answers one action; whatever goes wrong is said, since nobody else would see it."""
            try:
                said = self._answer(action)
            except KeyboardInterrupt:
                said = "<p>This was stopped.</p>"
            except KitError as error:
                said = f"<pre>{html.escape(str(error))}</pre>"
            except Exception as error:  # noqa: BLE001 - a callback's error would only stand in the server's log
                said = f"<p>{html.escape(f'{type(error).__name__}: {error}'[:400])}</p>"
            with self.hold_sync():
                self.said = said
                self.answered += 1

    return Controls
