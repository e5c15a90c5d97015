"""Follows references within the document. Those that lead out of it are not followed."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from integrations.tools.openapi.limits import MOST_HOPS
from integrations.tools.pointers import value_at


class BadReference(Exception):
    """A reference leads out of the document, or nowhere. The message says which."""


def follow(document: dict[str, Any], node: Any) -> tuple[Any, tuple[str, ...]]:
    """Return what ``node`` is or refers to, and the references on the way.

    Raises:
        BadReference: one leads out of the document, to nothing, or in a circle.
    """
    way: list[str] = []
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        reference = node["$ref"]
        if reference in way or len(way) >= MOST_HOPS:
            raise BadReference(f"a reference to itself: {reference[:100]}")
        way.append(reference)
        node = target(document, reference)
    return node, tuple(way)


def target(document: dict[str, Any], reference: str) -> Any:
    """Return what stands at ``#/...``. Raises BadReference."""
    if not reference.startswith("#"):
        raise BadReference(f"a reference out of the document: {reference[:100]}")
    try:
        return value_at(document, unquote(reference[1:]))
    except (LookupError, ValueError):
        raise BadReference(f"a reference to nothing: {reference[:100]}") from None
