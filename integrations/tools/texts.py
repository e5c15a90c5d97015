"""Turns values into the texts of a path, query, header or form."""

from __future__ import annotations

import json
from typing import Any, Final

from integrations.tools.places import Style

Pairs = list[tuple[str, str]]

_SEPARATORS: Final[dict[Style, str]] = {"comma": ",", "space": " ", "pipe": "|"}


def text_of(value: Any, style: Style = "comma") -> str:
    """Return ``value`` as one text; a list joined, an object as JSON."""
    if style == "json":
        return as_json(value)
    if isinstance(value, list):
        return _SEPARATORS.get(style, ",").join(_scalar(item) for item in value)
    return _scalar(value)


def pairs_of(name: str, value: Any, style: Style) -> Pairs:
    """Return ``value`` as the parameters of a query or form that carry it.

    ``repeat``: ``a=1&a=2``. ``comma``, ``space``, ``pipe``: ``a=1,2``. ``brackets``:
    ``a[]=1&a[k]=v``. ``indexed``: ``a[0]=1&a[k]=v``. ``json``: ``a=[1,2]``. Where a style has
    nothing for an object, it is JSON.
    """
    if style in {"brackets", "indexed"}:
        return _nested(name, value, indexed=style == "indexed")
    if style == "repeat" and isinstance(value, list):
        return [(name, _scalar(item)) for item in value]
    return [(name, text_of(value, style))]


def as_json(value: Any) -> str:
    """Return ``value`` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _nested(name: str, value: Any, *, indexed: bool) -> Pairs:
    if isinstance(value, dict):
        below = [(f"{name}[{key}]", item) for key, item in value.items()]
    elif isinstance(value, list):
        below = [
            (f"{name}[{number if indexed else ''}]", item) for number, item in enumerate(value)
        ]
    else:
        return [(name, _scalar(value))]
    return [pair for key, item in below for pair in _nested(key, item, indexed=indexed)]


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
