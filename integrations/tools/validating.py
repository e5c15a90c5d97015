"""Checks inputs against a tool's JSON Schema, and says in plain words what does not fit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import InvalidToolInput
from integrations.tools.patterns import longest_text

DEEPEST: Final = 40
MOST_VALUES: Final = 100_000
LONGEST_NAMES: Final = 300
# A registry that retrieves nothing; the dialect knows no references anyway.
_NOTHING: Final[Registry[Any]] = Registry()


def validate_inputs(tool: ToolDefinition, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``inputs`` with the tool's defaults for those that are missing.

    Raises:
        InvalidToolInput: they do not fit; ``details.fields`` say what and why.
    """
    given = dict(inputs)
    _refuse_monsters(given)
    defaults = {
        name: schema["default"]
        for name, schema in tool.properties.items()
        if isinstance(schema, dict) and "default" in schema
    }
    complete = defaults | given
    checker = _Validator(tool.inputs, registry=_NOTHING)
    problems = dict.fromkeys(
        problem for error in checker.iter_errors(complete) for problem in _explain(error)
    )
    if problems:
        raise InvalidToolInput.because(*problems)
    return complete


def _refuse_monsters(inputs: dict[str, Any]) -> None:
    """Refuse what is no JSON or too much of it, before anything walks it."""
    waiting: list[tuple[str, int, Any]] = [(str(name), 1, value) for name, value in inputs.items()]
    count = 0
    while waiting:
        field, depth, value = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_VALUES:
            raise InvalidToolInput.because((field, "is nested too deeply, or holds too much"))
        if isinstance(value, dict):
            waiting += [(field, depth + 1, below) for below in (*value, *value.values())]
        elif isinstance(value, list):
            waiting += [(field, depth + 1, below) for below in value]
        elif not _is_scalar(value):
            raise InvalidToolInput.because((field, "is not valid JSON"))


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        # Half a surrogate pair is text to Python and to nobody else.
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return (
        value is None
        or isinstance(value, int)
        or (isinstance(value, float) and math.isfinite(value))
    )


# --- Keywords that cost too much as the library has them ------------------------------------------


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    if not _fits(pattern, instance):
        yield ValidationError("pattern")


def _fits(pattern: str, text: str) -> bool:
    longest = longest_text(pattern)
    return longest is not None and len(text) <= longest and re.search(pattern, text) is not None


def _unique_items(
    validator: Any,
    wanted: Any,
    instance: Any,
    schema: Any,
) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        texts = {json.dumps(item, sort_keys=True) for item in instance}
        if len(texts) < len(instance):
            yield ValidationError("uniqueItems")


_Validator: Final[Any] = extend(  # type: ignore[no-untyped-call] # its signature says nothing
    Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique_items}
)


# --- What is wrong, in words ----------------------------------------------------------------------


def _explain(error: ValidationError) -> Iterator[tuple[str, str]]:
    field = ".".join(str(step) for step in error.absolute_path)
    wanted: Any = error.validator_value
    found: Any = error.instance
    match error.validator:
        case "required":
            for name in wanted:
                if name not in found:
                    yield _below(field, name), "is required"
        case "additionalProperties" if wanted is False:
            known = set(error.schema.get("properties", {}))  # type: ignore[union-attr] # no bool
            for name in found:
                if name not in known:
                    yield _below(field, str(name)), "is not known here"
        case "anyOf" | "oneOf":
            yield field, _choices(wanted)
        case keyword:
            yield field, _words(str(keyword), wanted)


def _words(keyword: str, wanted: Any) -> str:
    if keyword in _BY_VALUE:
        return _BY_VALUE[keyword](wanted)
    return _WORDS.get(keyword, "is not valid").format(wanted)


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _choices(wanted: Any) -> str:
    types = [choice.get("type") if isinstance(choice, dict) else None for choice in wanted]
    if all(isinstance(kind, str) for kind in types) and len(set(types)) == len(types):
        return _type(types)
    return "fits none of the forms that are allowed"


def _type(wanted: Any) -> str:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    return "must be " + " or ".join(_KINDS.get(kind, str(kind)) for kind in kinds)


_KINDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _one_of(wanted: Any) -> str:
    names = ", ".join(json.dumps(value, ensure_ascii=False) for value in wanted)
    return f"must be one of {names}" if len(names) <= LONGEST_NAMES else "is none of the choices"


_BY_VALUE: Final[dict[str, Callable[[Any], str]]] = {
    "type": _type,
    "enum": _one_of,
    "const": lambda wanted: _one_of([wanted]),
}
_WORDS: Final = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "pattern": "must have the form {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "uniqueItems": "must not hold the same item twice",
    "minProperties": "must have at least {} fields",
    "maxProperties": "must have at most {} fields",
    "not": "has a form that is not allowed",
    "dependentRequired": "lacks a field that another one needs",
}
