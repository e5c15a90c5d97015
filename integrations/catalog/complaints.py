"""Pydantic's complaints in the words of somebody who writes a toolkit's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# What a union adds to the place of each of its members' complaints.
_MEMBERS: Final = {"bool", "int", "str"}
_WORDS: Final = {
    "extra_forbidden": "there is no such field",
    "missing": "is missing",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_type": "must be a text; write it in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_ONE_OF_SEVERAL: Final = "must be a text, a whole number, true or false"


def complaints(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield the dotted path of each field that is wrong, once, with what is wrong about it."""
    told: dict[str, str] = {}
    for found in error.errors(include_url=False):
        places = [part for part in found["loc"] if part != "[key]"]
        several = len(places) > 1 and places[-1] in _MEMBERS
        path = ".".join(map(str, places[:-1] if several else places))
        told.setdefault(path, _ONE_OF_SEVERAL if several else _in_words(found))
    yield from told.items()


def _in_words(found: ErrorDetails) -> str:
    if found["type"] in _WORDS:
        return _WORDS[found["type"]]
    if found["type"] == "value_error":
        return found["msg"].removeprefix("Value error, ")
    given = found["input"]
    shown = f", not {given!r}" if isinstance(given, bool | int | float | str) else ""
    return _rule(found) + shown


def _rule(found: ErrorDetails) -> str:
    if found["type"] == "string_pattern_mismatch":
        pattern = found["ctx"]["pattern"]
        if "https?://" in pattern:
            return "must be an address (http://, https:// or a {placeholder} at its beginning)"
        return f"must fit {pattern}"
    text = found["msg"]
    for start in ("Input should be ", "String should be "):
        text = text.replace(start, "must be ")
    return text.replace("String should have", "must have")
