"""Names of tools and inputs, made of what a document calls them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 64
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_NOT_IN_INPUTS: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_IN_PLACEHOLDERS: Final = re.compile(r"[^A-Za-z0-9_]+")


def snake_case(text: str) -> str:
    """Return ``text`` in lower-case words joined by ``_``; empty where nothing of it is ASCII."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _OTHER.sub("_", _CAMEL.sub("_", plain)).strip("_").lower()


class Names:
    """Gives each operation of a document a name of its own, the same one each time."""

    def __init__(self, prefix: str) -> None:
        self._prefix = snake_case(prefix) or "api"
        self._taken: set[str] = set()

    def tool_name(self, operation_id: str, method: str, path: str) -> str:
        """Return the name of an operation, by its operationId or by method and path."""
        own = snake_case(operation_id) or snake_case(f"{method} {path}")
        if own != self._prefix and not own.startswith(f"{self._prefix}_"):
            own = f"{self._prefix}_{own}"
        return unique(own if own[0].isalpha() else f"api_{own}", self._taken)


def input_name(name: str, part: str, taken: set[str]) -> str:
    """Return the input's name for what a document calls ``name`` in a ``part`` of the request."""
    plain = _NOT_IN_INPUTS.sub("_", name).strip("_")[:LONGEST] or part
    return unique(plain if plain not in taken else f"{part}_{plain}", taken)


def placeholder_name(name: str, taken: set[str]) -> str:
    """Return a name that may stand in a path."""
    plain = _NOT_IN_PLACEHOLDERS.sub("_", name).strip("_")[:LONGEST]
    return unique(plain if plain[:1].isalpha() else f"p_{plain}".rstrip("_"), taken)


def unique(name: str, taken: set[str]) -> str:
    """Return ``name``, numbered where it is taken and cut where it is long, and take it."""
    candidate, number = name[:LONGEST].rstrip("_"), 1
    while candidate in taken:
        number += 1
        ending = f"_{number}"
        candidate = name[: LONGEST - len(ending)].rstrip("_") + ending
    taken.add(candidate)
    return candidate
