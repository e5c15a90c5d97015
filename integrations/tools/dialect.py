"""The JSON Schema that inputs are written in: a part of draft 2020-12 that needs no resolving.

No references, so that whoever reads a tool has all of it, and nothing is ever fetched. What a
keyword costs to check is bounded by the sizes of the schema and of the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from integrations.tools.patterns import longest_text

Schema = dict[str, Any]

TYPES: Final = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
# Keywords by what they hold: schemas by name, lists of schemas, a schema, or something else.
BY_NAME: Final = frozenset({"properties"})
LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SINGLE: Final = frozenset({"items", "additionalProperties", "not"})
CONSTRAINTS: Final = frozenset(
    {
        "const",
        "dependentRequired",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    }
)
ANNOTATIONS: Final = frozenset(
    {"default", "deprecated", "description", "examples", "format", "title"}
)
KEYWORDS: Final = BY_NAME | LISTS | SINGLE | CONSTRAINTS | ANNOTATIONS

DEEPEST: Final = 20
MOST_SCHEMAS: Final = 3000


def children(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Yield the schemas right below ``schema``, each with its path from there."""
    for keyword, value in schema.items():
        if keyword in BY_NAME and isinstance(value, dict):
            yield from ((f"{keyword}.{name}", below) for name, below in value.items())
        elif keyword in LISTS and isinstance(value, list):
            yield from ((f"{keyword}.{number}", below) for number, below in enumerate(value))
        elif keyword in SINGLE:
            yield keyword, value


def check_schema(schema: Any) -> None:
    """Check that ``schema`` is of this dialect.

    Raises:
        ValueError: it uses something else, or is too deep or too large.
    """
    waiting: list[tuple[str, int, Any]] = [("inputs", 0, schema)]
    count = 0
    while waiting:
        place, depth, found = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_SCHEMAS:
            raise ValueError(f"{place}: deeper than {DEEPEST} or more than {MOST_SCHEMAS} schemas")
        if isinstance(found, bool):
            continue
        _check_one(place, found)
        waiting += [(f"{place}.{path}", depth + 1, below) for path, below in children(found)]


def _check_one(place: str, schema: Any) -> None:
    if not isinstance(schema, dict):
        raise ValueError(f"{place}: not a schema")  # noqa: TRY004 - pydantic takes ValueError
    if unknown := sorted(set(map(str, schema)) - KEYWORDS):
        raise ValueError(f"{place}: keywords that inputs may not use: {', '.join(unknown)[:200]}")
    types = schema.get("type", [])
    kinds = types if isinstance(types, list) else [types]
    if unknown := sorted({str(kind) for kind in kinds} - TYPES):
        raise ValueError(f"{place}: no such type: {', '.join(unknown)[:200]}")
    pattern = schema.get("pattern")
    if pattern is not None and not (isinstance(pattern, str) and longest_text(pattern)):
        raise ValueError(f"{place}: a pattern that is not one, or may take too long")
