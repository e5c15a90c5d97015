"""The body of an operation becomes inputs: one for each field, or one for the whole."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

from integrations.tools.dialect import Schema
from integrations.tools.openapi.limits import MOST_ENTRIES
from integrations.tools.openapi.parameters import STYLES
from integrations.tools.openapi.parts import CannotExpress, Parts
from integrations.tools.openapi.plain import clean
from integrations.tools.openapi.references import BadReference, follow
from integrations.tools.openapi.schemas import LONGEST_NAME, Translator
from integrations.tools.pointers import escaped

_JSON: Final = re.compile(r"(?:application/(?:json|\*|[\w.+-]+\+json)|\*/\*)", re.ASCII)
_TEXT: Final = re.compile(r"text/[\w.+-]+", re.ASCII)
FORM: Final = "application/x-www-form-urlencoded"


def add_body(
    parts: Parts, method: str, node: Any, document: dict[str, Any], translator: Translator
) -> None:
    """Add inputs for the body at ``node``, None where there is none.

    Raises:
        CannotExpress: a body is needed that no tool can send.
    """
    if node is None:
        return
    try:
        body, _ = follow(document, node)
    except BadReference as error:
        raise CannotExpress(f"the body: {error}") from None
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, dict) or not content:
        return
    required = body.get("required") is True
    kinds = [str(kind) for kind in islice(content, MOST_ENTRIES)]
    chosen = _choose(kinds)
    if chosen is None or method == "GET":
        why = f"a body of {', '.join(clean(kind, 60) for kind in kinds[:3])}"
        why = why if method != "GET" else "a body of a GET"
        # Where nothing else is there, nobody means a call without it.
        if required or method in {"POST", "PUT", "PATCH"}:
            raise CannotExpress(why)
        parts.lost.append(why)
        return
    if len(kinds) > 1:
        others = ", ".join(clean(kind, 60) for kind in kinds if kind != chosen)
        parts.lost.append(f"other forms of the body: {others}"[:200])
    media = content[chosen] if isinstance(content.get(chosen), dict) else {}
    _add_media(parts, chosen, media, translator, required=required)


def _choose(kinds: list[str]) -> str | None:
    def plain(kind: str) -> str:
        return kind.partition(";")[0].strip().lower()

    for fits in (
        lambda kind: kind == "application/json",
        lambda kind: bool(_JSON.fullmatch(kind)),
        lambda kind: kind == FORM,
        lambda kind: bool(_TEXT.fullmatch(kind)),
    ):
        if found := next((kind for kind in kinds if fits(plain(kind))), None):
            return found
    return None


def _add_media(
    parts: Parts, kind: str, media: dict[str, Any], translator: Translator, *, required: bool
) -> None:
    plain = kind.partition(";")[0].strip().lower()
    schema = translator.translate(media.get("schema", {}), depth=0)
    if plain == FORM:
        parts.fields["body"] = "form"
        _add_fields(parts, schema, media, required=required)
    elif _TEXT.fullmatch(plain):
        parts.fields |= {"body": "raw", "content_type": f"{plain}; charset=utf-8"}
        text = {"type": "string"} | ({"description": d} if (d := schema.get("description")) else {})
        parts.add("body", text, {"in": "body", "pointer": ""}, required=required)
    else:
        if "*" not in plain and plain != "application/json":
            parts.fields["content_type"] = plain
        _add_json(parts, schema, required=required)


def _add_json(parts: Parts, schema: Schema, *, required: bool) -> None:
    flat = _flattened(parts, schema)
    if flat is None:
        parts.add("body", schema, {"in": "body", "pointer": ""}, required=required)
        return
    needed = _needed(parts, flat, required=required)
    for name, below in flat["properties"].items():
        placement = {"in": "body", "pointer": f"/{escaped(name)}"}
        parts.add(name, below, placement, required=name in needed)


def _add_fields(parts: Parts, schema: Schema, media: dict[str, Any], *, required: bool) -> None:
    flat = _flattened(parts, schema)
    if flat is None:
        raise CannotExpress("a form whose fields are not told")
    told = media.get("encoding")
    encoding: dict[str, Any] = told if isinstance(told, dict) else {}
    needed = _needed(parts, flat, required=required)
    for name, below in flat["properties"].items():
        placement = {"in": "body", "name": name, "style": _form_style(encoding.get(name))}
        parts.add(name, below, placement, required=name in needed)


def _form_style(told: Any) -> str:
    if not isinstance(told, dict):
        return "repeat"
    style = str(told.get("style", "form"))
    explode = told.get("explode", style == "form") is True
    return STYLES.get((style, explode), "repeat")


def _flattened(parts: Parts, schema: Schema) -> Schema | None:
    """Return ``schema`` if it is an object with named fields and no more to say, else None."""
    rest = set(schema)
    for keyword in ("anyOf", "oneOf"):
        # "One of these has to be there" beside the fields themselves: told, and not enforced.
        choices = schema.get(keyword, [])
        if choices and all(set(choice) <= {"required", "type"} for choice in choices):
            parts.lost.append("that one of several fields has to be there")
            rest.discard(keyword)
    plain = {"type", "properties", "required", "description", "additionalProperties"}
    if rest - plain - {"minProperties", "maxProperties", "deprecated"}:
        return None
    if schema.get("type", "object") != "object" or not schema.get("properties"):
        return None
    if any(not 0 < len(name) <= LONGEST_NAME for name in schema["properties"]):
        return None
    if isinstance(schema.get("additionalProperties"), dict):
        parts.lost.append("fields of the body beside those that have names")
    return schema


def _needed(parts: Parts, schema: Schema, *, required: bool) -> set[str]:
    names = set(schema.get("required", []))
    if names and not required:
        parts.lost.append("which fields a body needs that may be left out as a whole")
        return set()
    return names
