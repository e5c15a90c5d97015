"""Parameters of an operation become inputs in the path, the query and the headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from integrations.tools.headers import may_be_set
from integrations.tools.openapi.limits import MOST_ENTRIES
from integrations.tools.openapi.naming import placeholder_name
from integrations.tools.openapi.parts import CannotExpress, Parts
from integrations.tools.openapi.plain import clean
from integrations.tools.openapi.references import BadReference, follow
from integrations.tools.openapi.schemas import Translator

_BRACES: Final = re.compile(r"\{([^{}]{1,200})\}")
_LITERAL: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
# Said in other ways, so the specification has them ignored.
_IGNORED_HEADERS: Final = frozenset({"accept", "authorization", "content-type"})
# How a list is written into a query or a form, by style and explode.
STYLES: Final = {
    ("form", True): "repeat",
    ("form", False): "comma",
    ("spaceDelimited", False): "space",
    ("pipeDelimited", False): "pipe",
    ("deepObject", True): "indexed",
    ("deepObject", False): "indexed",
}


def parameters_of(
    document: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the parameters of an operation; its own stand in the place of its path's.

    Raises:
        CannotExpress: one of them cannot be found.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for holder in (item, operation):
        given = holder.get("parameters")
        nodes = given if isinstance(given, list) else []
        if len(nodes) > MOST_ENTRIES:
            raise CannotExpress("too many parameters")
        for node in nodes:
            try:
                parameter, _ = follow(document, node)
            except BadReference as error:
                raise CannotExpress(f"a parameter: {error}") from None
            if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
                raise CannotExpress("a parameter without a name")
            found[str(parameter.get("in")), parameter["name"]] = parameter
    yield from found.values()


def add_parameters(
    parts: Parts, path: str, parameters: list[dict[str, Any]], translator: Translator
) -> str:
    """Add inputs for ``parameters`` to ``parts``, and return the path with their placeholders.

    Raises:
        CannotExpress: one is needed that no tool can send, or the path is none here.
    """
    in_path = {p["name"]: p for p in parameters if p.get("in") == "path"}
    template = _add_path(parts, path, in_path, translator)
    for parameter in parameters:
        why = _refusal(parameter)
        name = clean(parameter["name"], 80)
        if why and parameter.get("required") is True:
            raise CannotExpress(f"{why}: {name}, which is required")
        if why:
            parts.lost.append(f"{why}: {name}")
        elif str(parameter.get("in")) in {"query", "header"}:
            _add(parts, parameter, translator)
    return template


def _add_path(
    parts: Parts, path: str, in_path: dict[str, dict[str, Any]], translator: Translator
) -> str:
    pieces: list[str] = []
    end = 0
    for found in _BRACES.finditer(path):
        pieces.append(_literal(path[end : found.start()]))
        end = found.end()
        parameter = in_path.get(found[1])
        if parameter is None:
            raise CannotExpress("the path has a placeholder that is no parameter")
        if parameter.get("style", "simple") != "simple":
            raise CannotExpress(f"the style {clean(str(parameter['style']), 20)} in the path")
        placeholder = placeholder_name(found[1], set(parts.taken))
        schema = _schema(parameter, translator)
        placement = {"in": "path", "name": placeholder} | _json_style(parameter)
        parts.add(placeholder, schema, placement, required=True)
        pieces.append("{" + placeholder + "}")
    pieces.append(_literal(path[end:]))
    return "".join(pieces)


def _literal(text: str) -> str:
    if not _LITERAL.fullmatch(text) or "//" in text:
        raise CannotExpress("the path has characters that need quoting, or a query")
    return text


def _refusal(parameter: dict[str, Any]) -> str:
    place, name = str(parameter.get("in")), parameter["name"]
    if place == "cookie":
        return "a cookie"
    if place not in {"path", "query", "header"}:
        return "a parameter in a place that is not known"
    if place == "header" and name.lower() not in _IGNORED_HEADERS and not may_be_set(name):
        return "a header that tools may not set"
    if place == "query" and "content" not in parameter and _query_style(parameter) is None:
        return f"the style {clean(str(parameter.get('style')), 20)}"
    return ""


def _add(parts: Parts, parameter: dict[str, Any], translator: Translator) -> None:
    place, name = str(parameter["in"]), parameter["name"]
    if place == "header" and name.lower() in _IGNORED_HEADERS:
        return
    placement = {"in": place, "name": name} | _json_style(parameter)
    if place == "query" and "style" not in placement:
        placement["style"] = _query_style(parameter) or "repeat"
    schema = _schema(parameter, translator)
    parts.add(name, schema, placement, required=parameter.get("required") is True)


def _query_style(parameter: dict[str, Any]) -> str | None:
    style = parameter.get("style", "form")
    explode = parameter.get("explode", style == "form")
    if not isinstance(style, str) or not isinstance(explode, bool):
        return None
    return STYLES.get((style, explode))


def _json_style(parameter: dict[str, Any]) -> dict[str, str]:
    """Return the style of a parameter that has a media type, which is JSON."""
    return {"style": "json"} if "content" in parameter else {}


def _schema(parameter: dict[str, Any], translator: Translator) -> dict[str, Any]:
    node = parameter.get("schema", {})
    content = parameter.get("content")
    if isinstance(content, dict):
        media = next(iter(content.values()), None)
        node = media.get("schema", {}) if isinstance(media, dict) else {}
    schema = translator.translate(node, depth=1)
    if text := clean(parameter.get("description"), 1000):
        schema = schema | {"description": text}
    return schema
