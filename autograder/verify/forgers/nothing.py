"""Answers None, as a function does whose author forgot the return."""

from typing import Any


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return None
