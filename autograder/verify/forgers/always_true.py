"""Answers True, always."""

from typing import Any


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return True
