"""The API's operations as its own OpenAPI document describes them.

Whoever walks these meets a new route without having to know of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.api import api

PREFIX = "/api/v1"
_SAMPLES = {"string": "x", "integer": 60, "boolean": False, "array": [], "object": {}}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. Parameters by name, with their schemas."""

    method: str
    path: str
    path_parameters: tuple[str, ...]
    query_parameters: tuple[str, ...]
    header_parameters: tuple[str, ...]
    body: dict[str, Any]
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def text_fields(self) -> tuple[str, ...]:
        """Fields of the body that take a text."""
        return tuple(name for name, schema in self._fields() if _takes_text(schema))

    @property
    def id_fields(self) -> tuple[str, ...]:
        """Fields of the body that name a row of ours."""
        return tuple(name for name in self.text_fields if name.endswith("_id"))

    def path_with(self, **ids: str) -> str:
        """Return the path with ``ids`` in it, and an id that does not exist for the others."""
        path = self.path
        for name in self.path_parameters:
            path = path.replace("{" + name + "}", ids.get(name, "x_missing"))
        return path

    @property
    def query(self) -> str:
        """A query that has every required parameter."""
        parameters = self.document.get("parameters", [])
        required = [given["name"] for given in parameters if given["required"]]
        return "&".join(f"{name}=60" for name in required if name in self.query_parameters)

    def _fields(self) -> list[tuple[str, dict[str, Any]]]:
        return list(self.body.get("properties", {}).items())


def _operations() -> list[Operation]:
    document = api.get_openapi_schema()
    found = []
    for path, methods in document["paths"].items():
        assert path.startswith(f"{PREFIX}/")
        for method, details in methods.items():
            found.append(_operation(path.removeprefix(PREFIX), method.upper(), details, document))
    return found


def _operation(
    path: str, method: str, details: dict[str, Any], document: dict[str, Any]
) -> Operation:
    def names(place: str) -> tuple[str, ...]:
        parameters = details.get("parameters", [])
        return tuple(given["name"] for given in parameters if given["in"] == place)

    content = details.get("requestBody", {}).get("content", {})
    assert set(content) <= {"application/json", "image/png", "image/jpeg", "image/webp"}
    schema = content.get("application/json", {}).get("schema", {})
    return Operation(
        method=method,
        path=path,
        path_parameters=names("path"),
        query_parameters=names("query"),
        header_parameters=names("header"),
        body=_resolved(schema, document),
        document=details,
    )


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and take the one that is no null of several."""
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return _resolved(choice, document)
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(document["components"]["schemas"][name]) if name else schema


def _takes_text(schema: dict[str, Any]) -> bool:
    return any(choice.get("type") == "string" for choice in schema.get("anyOf", [schema]))


def body_of(operation: Operation) -> dict[str, Any]:
    """Return the smallest body that has every required field."""
    properties = operation.body.get("properties", {})
    required = operation.body.get("required", [])
    return {name: _SAMPLES[properties[name]["type"]] for name in required}


OPERATIONS = _operations()
