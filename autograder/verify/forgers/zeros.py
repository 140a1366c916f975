"""Answers zeros: of the shape of the first array or list that it is given, else the number 0."""

from typing import Any


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    for value in [*args, *kwargs.values()]:
        if isinstance(value, list | tuple):
            return [0] * len(value)
        if hasattr(value, "shape"):
            return value * 0
    return 0
