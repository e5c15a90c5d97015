"""Texts with ``{placeholders}``: how a file says where a value goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-zA-Z0-9_]*)\}")
# A whole address, which keeps its own separators; others must not be able to add some.
_ADDRESS: Final = re.compile(r"https?://")


def placeholders_in(*templates: str | None) -> set[str]:
    """Return the names of the placeholders in ``templates``."""
    return {name for template in templates if template for name in _PLACEHOLDER.findall(template)}


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with ``values`` in their places; others stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def fill_all(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return each of ``templates`` as `fill` does, by its name."""
    return {name: fill(template, values) for name, template in templates.items()}


def fill_url(template: str, values: Mapping[str, str]) -> str:
    """Return the URL ``template`` with ``values`` in their places, each quoted.

    One at the very beginning that is an address itself is not.
    """

    def value(found: re.Match[str]) -> str:
        text = values.get(found[1])
        if text is None:
            return found[0]
        if found.start() == 0 and _ADDRESS.match(text):
            return text.rstrip("/")
        return quote(text, safe="")

    return _PLACEHOLDER.sub(value, template)
