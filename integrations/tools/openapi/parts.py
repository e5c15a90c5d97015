"""The inputs of a tool while they are collected from parameters and body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from integrations.tools.dialect import Schema
from integrations.tools.openapi.naming import input_name
from integrations.tools.texts import as_json


class CannotExpress(Exception):
    """The operation has something that it cannot do without and that no tool can say."""


@dataclass
class Parts:
    """What the definition will be made of.

    Attributes:
        lost: what was left out, for the report.
        fields: of the definition, besides inputs and placement.
    """

    properties: dict[str, Schema] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    placement: dict[str, dict[str, Any]] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def add(self, name: str, schema: Schema, placement: dict[str, Any], *, required: bool) -> None:
        """Add an input under ``name``, or one like it where that is taken or no name."""
        own = input_name(name, str(placement["in"]), self.taken)
        self.properties[own] = _without_default(schema)
        self.placement[own] = placement
        if required:
            self.required.append(own)


def _without_default(schema: Schema) -> Schema:
    """Return ``schema`` with its default told in words.

    What a service takes where nothing is sent is for it to know: it may change its mind.
    """
    if "default" not in schema:
        return schema
    rest = {keyword: value for keyword, value in schema.items() if keyword != "default"}
    if schema["default"] in {None, ""}:
        return rest
    told = f"Default: {as_json(schema['default'])}."
    return rest | {"description": f"{schema.get('description', '')} {told}".strip()}
