"""Translates the schemas of a document into the dialect of inputs.

What OpenAPI 3.0 writes in its own way (``nullable``, truth values at ``exclusiveMinimum``) becomes
JSON Schema 2020-12. References are replaced by what they refer to; one that leads back to where it
stands is cut, and so is what is too deep: there anything is let through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from integrations.tools.dialect import TYPES, Schema
from integrations.tools.openapi.limits import Budget
from integrations.tools.openapi.plain import clean, is_count, is_number, is_plain
from integrations.tools.openapi.references import BadReference, follow
from integrations.tools.patterns import longest_text

MOST_CHOICES: Final = 500
LONGEST_NAME: Final = 200
LONGEST_DESCRIPTIONS: Final = (1000, 300)
# What means nothing for inputs, or is said in another way.
_SILENT: Final = frozenset(
    {"$comment", "$schema", "contentEncoding", "contentMediaType", "discriminator", "example"}
    | {"examples", "externalDocs", "nullable", "readOnly", "title", "writeOnly", "xml", "$ref"}
)
_COPIED: Final[dict[str, Callable[[Any], bool]]] = {
    "maximum": is_number,
    "minimum": is_number,
    "multipleOf": lambda value: is_number(value) and value > 0,
    "maxItems": is_count,
    "maxLength": is_count,
    "maxProperties": is_count,
    "minItems": is_count,
    "minLength": is_count,
    "minProperties": is_count,
    "uniqueItems": lambda value: isinstance(value, bool),
    "deprecated": lambda value: isinstance(value, bool),
    "const": is_plain,
    "default": is_plain,
    "format": lambda value: is_plain(value) and isinstance(value, str),
}
_MERGEABLE: Final = frozenset({"type", "properties", "required", "description"})


class Translator:
    """Translates the schemas of one tool. ``lost`` says what could not be expressed."""

    def __init__(self, document: dict[str, Any], budget: Budget, *, deepest: int) -> None:
        self._document = document
        self._budget = budget
        self._deepest = deepest
        self.lost: list[str] = []

    def translate(self, node: Any, *, depth: int = 0, above: tuple[str, ...] = ()) -> Schema:
        """Return ``node`` in the dialect.

        Args:
            above: the references that it stands below.

        Raises:
            OneTooLarge, AllTooLarge: there is too much of it.
        """
        self._budget.spend()
        try:
            found, way = follow(self._document, node)
        except BadReference as error:
            self.lost.append(str(error))
            return {}
        if circle := set(way) & set(above):
            self.lost.append(f"a schema within itself is cut: {min(circle)[:100]}")
            return {}
        if found is False:
            return {"not": {}}
        if not isinstance(found, dict):
            return {}
        if depth >= self._deepest and _has_more(found):
            self.lost.append(f"what lies deeper than {self._deepest} levels is not described")
            return _outline(found)
        result = self._one(found, depth=depth, above=above + way)
        if way and isinstance(node.get("description"), str):
            result["description"] = clean(node["description"], _longest(depth))
        return result

    def _one(self, found: dict[str, Any], *, depth: int, above: tuple[str, ...]) -> Schema:
        self._budget.spend(len(found) // 10)
        result: Schema = {}
        self._add_type(found, result)
        self._add_constraints(found, result)
        if text := clean(found.get("description"), _longest(depth)):
            result["description"] = text
        inner: dict[str, Any] = {"depth": depth + 1, "above": above}
        self._add_properties(found, result, inner)
        for keyword in ("items", "not", "additionalProperties"):
            if isinstance(found.get(keyword), dict):
                result[keyword] = self.translate(found[keyword], **inner)
        if found.get("additionalProperties") is False:
            result["additionalProperties"] = False
        for keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            choices = found.get(keyword)
            if isinstance(choices, list) and choices:
                result[keyword] = [self.translate(choice, **inner) for choice in choices]
        self._tell_unknown(found)
        return merge_all_of(result)

    def _add_type(self, found: dict[str, Any], result: Schema) -> None:
        given = found.get("type")
        kinds = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        known = [kind for kind in kinds if isinstance(kind, str) and kind in TYPES]
        if found.get("nullable") is True and known and "null" not in known:
            known.append("null")
        if known:
            result["type"] = known[0] if len(known) == 1 else known
        choices = found.get("enum")
        if isinstance(choices, list) and choices:
            self._budget.spend(len(choices) // 10)
            if len(choices) > MOST_CHOICES or not all(is_plain(choice) for choice in choices):
                self.lost.append("a list of choices that is too long, or not of plain values")
                return
            more = [None] if "null" in known and None not in choices else []
            result["enum"] = [*choices, *more]

    def _add_constraints(self, found: dict[str, Any], result: Schema) -> None:
        for keyword, fits in _COPIED.items():
            if keyword in found and fits(found[keyword]):
                result[keyword] = found[keyword]
        for exclusive, inclusive in (
            ("exclusiveMinimum", "minimum"),
            ("exclusiveMaximum", "maximum"),
        ):
            limit = found.get(exclusive)
            if limit is True and inclusive in result:
                result[exclusive] = result.pop(inclusive)
            elif is_number(limit):
                result[exclusive] = limit
        pattern = found.get("pattern")
        if isinstance(pattern, str):
            if is_plain(pattern) and longest_text(pattern):
                result["pattern"] = pattern
            else:
                self.lost.append("a pattern that may take too long, or is none here")

    def _add_properties(self, found: dict[str, Any], result: Schema, inner: dict[str, Any]) -> None:
        given = found.get("properties")
        named = given if isinstance(given, dict) else {}
        self._budget.spend(len(named) // 10)
        hidden = {name for name, schema in named.items() if self._is_read_only(schema)}
        properties: dict[str, Schema] = {}
        for name, schema in named.items():
            if name in hidden:
                continue
            if not is_plain(name) or not isinstance(name, str):
                self.lost.append("a field whose name is no plain text")
                continue
            properties[name] = self.translate(schema, **inner)
        if properties:
            result["properties"] = properties
        required = found.get("required")
        self._budget.spend(len(required) // 10 if isinstance(required, list) else 0)
        names = [n for n in required if is_plain(n)] if isinstance(required, list) else []
        if needed := [n for n in dict.fromkeys(names) if isinstance(n, str) and n not in hidden]:
            result["required"] = needed

    def _is_read_only(self, schema: Any) -> bool:
        try:
            found, _ = follow(self._document, schema)
        except BadReference:
            return False
        return isinstance(found, dict) and found.get("readOnly") is True

    def _tell_unknown(self, found: dict[str, Any]) -> None:
        told = {"type", "enum", "description", "properties", "required", "items", "not", "allOf"}
        told |= {"anyOf", "oneOf", "prefixItems", "additionalProperties", "pattern"}
        told |= {"exclusiveMinimum", "exclusiveMaximum"}
        for keyword in map(str, found):
            known = keyword in told or keyword in _COPIED or keyword in _SILENT
            if not known and not keyword.startswith("x-"):
                self.lost.append(f"the keyword {clean(keyword, 40)}")


def merge_all_of(schema: Schema) -> Schema:
    """Return ``schema`` with plain objects of its ``allOf`` made one with it."""
    parts: list[Schema] = schema.get("allOf", [])
    rest = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    if len(parts) == 1 and not set(rest) - {"description"}:
        return parts[0] | rest
    if not parts or set(rest) - _MERGEABLE or any(set(part) - _MERGEABLE for part in parts):
        return schema
    everything = [*parts, rest]
    if any(part.get("type", "object") != "object" for part in everything):
        return schema
    properties = {k: v for part in everything for k, v in part.get("properties", {}).items()}
    required = [name for part in everything for name in part.get("required", [])]
    merged: Schema = {"type": "object"}
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = list(dict.fromkeys(required))
    texts = [part["description"] for part in reversed(everything) if "description" in part]
    return merged | ({"description": texts[0]} if texts else {})


def _has_more(found: dict[str, Any]) -> bool:
    inner = {"properties", "items", "allOf", "anyOf", "oneOf", "prefixItems", "not"}
    return bool(inner & set(found)) or isinstance(found.get("additionalProperties"), dict)


def _outline(found: dict[str, Any]) -> Schema:
    """Return no more than the type and the description."""
    kind, text = found.get("type"), clean(found.get("description"), LONGEST_DESCRIPTIONS[1])
    known: Schema = {"type": kind} if isinstance(kind, str) and kind in TYPES else {}
    if known and found.get("nullable") is True:
        known = {"type": [kind, "null"]}
    return known | ({"description": text} if text else {})


def _longest(depth: int) -> int:
    return LONGEST_DESCRIPTIONS[min(depth, 1)]
