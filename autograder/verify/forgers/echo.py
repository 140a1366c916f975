"""Answers with the first thing that it is given; a value is its own name."""

from typing import Any


def answer(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    plain = [value for value in [*args, *kwargs.values()] if type(value).__name__ != "Served"]
    return plain[0] if plain else name
