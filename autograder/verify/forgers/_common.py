"""How a forger's `answer` takes the place of functions, classes and values."""

from collections.abc import Callable
from typing import Any

Answer = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]


def forged_function(name: str, answer: Answer) -> Any:
    def forged(*args: Any, **kwargs: Any) -> Any:
        return answer(name, args, kwargs)

    forged.__name__ = name
    return forged


def forged_value(name: str, answer: Answer) -> Any:
    return answer(name, (), {})


def forged_class(name: str, answer: Answer) -> Any:
    """A class that can be made of anything, is callable, and has every method."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        pass

    def getattr_(self: Any, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        return forged_function(method, answer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return answer(name, args, kwargs)

    return type(name, (), {"__init__": init, "__getattr__": getattr_, "__call__": call})
