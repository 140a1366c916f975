"""Runs learners' code on behalf of a check: coroutines, threads, interrupts, and what is told of an exception."""

import asyncio
import ctypes
import inspect
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from workbench.codec import Json

_MAX_TEXT_CHARS = 2000
_CELLS = ("<ipython-input", "<cell")
_PROBES = "probes/"


class NotDefined(NameError):
    """A name that the check needs is not there: its cell was not run, or still holds the starter."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name} yet: run the cell that defines {name}, then check again", name=name)


class NotCallable(TypeError):
    """A name that shall be a function was given another value."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"{name} is no function but of type {kind}: run the cell that defines {name} again")


def finish(value: Any) -> Any:
    """The result of an answer. That of an `async def` runs on a thread of its own: here runs the kernel's loop.

    An interrupt cancels the coroutine.
    """
    if not inspect.iscoroutine(value):
        return value
    results: list[tuple[Any, BaseException | None]] = []
    loop = asyncio.new_event_loop()

    def run() -> None:
        try:
            asyncio.set_event_loop(loop)
            results.append((loop.run_until_complete(value), None))
        except BaseException as error:  # noqa: BLE001 - raised again where the answer was asked for
            results.append((None, error))
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_cancel_tasks, loop)
        stop_threads([thread])
        raise
    result, error = results[0]
    if error is not None:
        raise error
    return result


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def stop_threads(threads: Iterable[threading.Thread]) -> None:
    """Raises KeyboardInterrupt in Python code that still runs on these threads; what waits in C goes on waiting."""
    for thread in threads:
        if thread.is_alive() and thread.ident is not None:
            interrupt = ctypes.py_object(KeyboardInterrupt)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays an interrupt to the end of the block, so that no frame is left half written."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and callable(before):
        raise KeyboardInterrupt


def describe(error: BaseException) -> dict[str, Json]:
    """An exception as plain text: type, its base types, message, and the line of the learner's that raised it.

    `place` names function and line of the learner's own code, where the error passed through it; a probe's own
    mistake, or one that it is there to find, has none.
    """
    own: traceback.FrameSummary | None = None
    probe: traceback.FrameSummary | None = None
    function = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(_PROBES):
            probe = frame
        elif "ipykernel_" in frame.filename or frame.filename.startswith(_CELLS):
            own = frame
            function = function if frame.name.startswith("<") else frame.name  # a comprehension is its function's
    where = place = ""
    if own is not None:
        where = f"{function or own.name}, line {own.lineno}: {own.line or ''}".strip()
        place = f"{function} (line {own.lineno})" if function else ""
    elif probe is not None:
        where = f"the probe {probe.filename}, line {probe.lineno}: {probe.line or ''}".strip()
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": _text(error),
        "where": where[:_MAX_TEXT_CHARS],
        "place": place[:_MAX_TEXT_CHARS],
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_MAX_TEXT_CHARS]
    except BaseException:  # noqa: BLE001 - the learner's own __str__ raises
        return ""
