"""Reads exercise.yaml and course.yaml; an error names file, line and key, what came, what was expected, the mend."""

import difflib
import types
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from autograder.catalogue.models import SLUG_WORDS, CourseSpec, ExerciseSpec
from autograder.errors import AuthoringError

Key = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)
LONGEST_CAME = 200


def load_exercise_spec(path: Path, shown: str = "") -> ExerciseSpec:
    """The checked exercise.yaml at `path`; `shown` is how errors name the file.

    Raises:
        AuthoringError: the file is missing, is no YAML, or says something that it may not say.
    """
    return load_yaml(path, ExerciseSpec, shown or str(path))


def load_course_spec(path: Path, shown: str = "") -> CourseSpec:
    """The checked course.yaml at `path`; `shown` is how errors name the file. Raises as `load_exercise_spec`."""
    return load_yaml(path, CourseSpec, shown or str(path))


def load_yaml(path: Path, model: type[Model], shown: str) -> Model:
    """A YAML mapping, checked by a pydantic model."""
    return check_yaml(_read(path, shown), model, shown)


def check_yaml(text: str, model: type[Model], shown: str) -> Model:
    """As `load_yaml`, from a text whose first line is the first of the file that errors name."""
    data, lines = _parse(text, shown)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explain(error, model, lines, shown) from None


def key_line(path: Path, key: Key) -> int:
    """The line on which a key (or the nearest key above it that exists) stands; 1 where the file cannot be read."""
    try:
        _, lines = _parse(_read(path, str(path)), str(path))
    except AuthoringError:
        return 1
    return _line_of(key, lines)


def key_line_of_text(text: str, key: Key) -> int:
    """As `key_line`, of a YAML text."""
    return _line_of(key, _parse(text, "")[1])


def _read(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AuthoringError("the file is missing", where=shown, mend="copy it from exercises/_template/") from None
    except UnicodeDecodeError as error:
        raise AuthoringError("the file is not UTF-8 text", where=shown, came=str(error)) from None
    except OSError as error:
        raise AuthoringError("the file cannot be read", where=shown, came=str(error)) from None


def _parse(text: str, shown: str) -> tuple[Any, dict[Key, int]]:
    """The document and the line of each of its keys."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:
        raise AuthoringError("the file is no valid YAML", where=shown, came=str(error).splitlines()[0]) from None
    try:
        node = loader.get_single_node()
        lines: dict[Key, int] = {(): 1}
        if node is not None:
            _mark(node, (), lines, shown)
        return (None if node is None else loader.construct_document(node)), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AuthoringError(
            "the file is no valid YAML",
            where=f"{shown}, line {line}",
            came=error.problem or str(error),
            mend="look at the indentation and at unbalanced quotes and brackets; put texts with ': ' in quotes",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise AuthoringError("the file is no valid YAML", where=shown, came=str(error)) from None
    finally:
        loader.dispose()


def _mark(node: yaml.Node, key: Key, lines: dict[Key, int], shown: str, above: tuple[int, ...] = ()) -> None:
    """Notes the line of each key below `node`, and refuses keys that YAML would silently overwrite."""
    if id(node) in above:
        raise AuthoringError("the file refers to itself", where=f"{shown}, line {node.start_mark.line + 1}")
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*key, index)] = item.start_mark.line + 1
            _mark(item, (*key, index), lines, shown, above)
    elif isinstance(node, yaml.MappingNode):
        for name_node, value in node.value:
            child = (*key, str(name_node.value))
            line = name_node.start_mark.line + 1
            if child in lines:
                raise AuthoringError(
                    "the key is written twice",
                    where=_where(shown, line, child),
                    came=f"first on line {lines[child]}, again on line {line}",
                    expected="each key once",
                    mend="delete one of them",
                )
            lines[child] = line
            _mark(value, child, lines, shown, above)


def _explain(error: ValidationError, model: type[BaseModel], lines: dict[Key, int], shown: str) -> AuthoringError:
    """The first mistake of the file in full, the others as one line each.

    Unknown keys come first: a misspelled key is unknown and missing, and only the former says which it was.
    """
    mistakes = sorted(
        (_mistake(details, model, lines, shown) for details in error.errors(include_url=False)),
        key=lambda mistake: (not mistake[1].what.endswith("is unknown"), mistake[0]),
    )
    first = mistakes[0][1]
    others = [f"also {other.where}: {other.what}" for _, other in mistakes[1:]]
    mend = "\n            ".join(filter(None, [first.mend, *others]))
    return AuthoringError(first.what, where=first.where, came=first.came, expected=first.expected, mend=mend)


def _mistake(
    details: ErrorDetails, model: type[BaseModel], lines: dict[Key, int], shown: str
) -> tuple[int, AuthoringError]:
    kind = details["type"]
    key = tuple(part for part in details["loc"] if part != "[key]")
    if kind == "extra_forbidden":
        what, expected, mend = _unknown_key(key, model)
    elif kind == "missing":
        what, expected, mend = f"the key {key[-1]} is missing", _expected(key, model), f"add `{key[-1]}:`"
    else:
        what, expected, mend = _sentence(details), _expected(key, model), ""
    line = _line_of(key, lines)
    came = "nothing" if kind == "missing" else _shorten(details["input"])
    return line, AuthoringError(what, where=_where(shown, line, key), came=came, expected=expected, mend=mend)


def _sentence(details: ErrorDetails) -> str:
    """What is wrong in words; a pattern says nothing to most people, so it is left to "expected"."""
    if details["type"] == "string_pattern_mismatch":
        return "the text does not have the right form"
    if details["type"] in ("model_type", "dict_type"):
        return "a mapping (key: value) should be here"
    message = details["msg"]
    return message[:1].lower() + message[1:]


def _unknown_key(key: Key, model: type[BaseModel]) -> tuple[str, str, str]:
    known = list(getattr(_type_at(key[:-1], model), "model_fields", ()))
    near = difflib.get_close_matches(str(key[-1]), known, n=1)
    mend = f"did you mean `{near[0]}`?" if near else "delete the key"
    return f"the key {key[-1]} is unknown", ", ".join(known), mend


def _expected(key: Key, model: type[BaseModel]) -> str:
    """The description of the nearest field that has one."""
    for length in range(len(key), 0, -1):
        parent = _type_at(key[: length - 1], model)
        field = getattr(parent, "model_fields", {}).get(key[length - 1])
        if field is not None and field.description:
            text = str(field.description)
            pattern = any(getattr(rule, "pattern", None) for rule in field.metadata)
            return f"{text} ({SLUG_WORDS})" if pattern and SLUG_WORDS not in text else text
    return "a mapping (key: value)"


def _type_at(key: Key, model: Any) -> Any:
    """The annotated type at a key, looking through Annotated, lists, tuples, mappings and optional values."""
    current = _bare(model)
    for part in key:
        fields = getattr(current, "model_fields", None)
        if fields is not None:
            current = _bare(fields[part].annotation) if part in fields else None
        else:
            arguments = get_args(current)
            current = _bare(arguments[-1] if isinstance(part, str) else arguments[0]) if arguments else None
    return current


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is not None and (
        get_origin(annotation) in (Union, types.UnionType) or hasattr(annotation, "__metadata__")
    ):
        annotation = get_args(annotation)[0]
    return annotation


def _line_of(key: Key, lines: dict[Key, int]) -> int:
    while key and key not in lines:
        key = key[:-1]
    return lines[key]


def _where(shown: str, line: int, key: Key) -> str:
    place = f"{shown}, line {line}"
    return f"{place}, key {'.'.join(str(part) for part in key)}" if key else place


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_CAME else text[:LONGEST_CAME] + " …"
