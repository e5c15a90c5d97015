"""Tools and OpenAPI documents to test with."""

from __future__ import annotations

from typing import Any

from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import InvalidToolInput
from integrations.tools.openapi import Conversion, Options, convert
from integrations.tools.openapi.reading import as_openapi
from integrations.tools.requests import HttpRequest, build_request

BASE = "https://api.acme.example/v1"
TEXT = {"type": "string"}


def make_tool(**fields: Any) -> ToolDefinition:
    """Return a tool of Acme; ``properties`` and ``required`` stand for its inputs."""
    inputs = {name: fields.pop(name) for name in ("properties", "required") if name in fields}
    given = {"name": "acme_do", "description": "Does.", "path": "/things", "inputs": inputs}
    return ToolDefinition.model_validate(given | fields)


def call(tool: ToolDefinition, base_url: str = BASE, **inputs: Any) -> HttpRequest:
    """Return the request for ``inputs``."""
    return build_request(tool, inputs, base_url)


def problems_of(error: InvalidToolInput) -> dict[str, str]:
    """Return what is wrong, by field."""
    return {found["field"]: found["problem"] for found in error.details["fields"]}


def document(
    paths: dict[str, Any], *, version: str = "3.0.3", servers: tuple[str, ...] = (), **rest: Any
) -> dict[str, Any]:
    """Return an OpenAPI document."""
    listed: dict[str, Any] = {"servers": [{"url": url} for url in servers]} if servers else {}
    info = {"title": "Acme", "version": "2.1"}
    return {"openapi": version, "info": info, "paths": paths} | listed | rest


def converted(paths: dict[str, Any], **rest: Any) -> Conversion:
    """Return what becomes of a document with these paths, for a toolkit at `BASE`."""
    options = Options(prefix="acme", base_url=BASE)
    return convert(as_openapi(document(paths, **rest)), options)


def only_tool(paths: dict[str, Any], **rest: Any) -> ToolDefinition:
    """Return the one tool that becomes of it."""
    conversion = converted(paths, **rest)
    assert len(conversion.tools) == 1, conversion.report.as_text()
    return conversion.tools[0]


def left_out(paths: dict[str, Any], **rest: Any) -> list[str]:
    """Return why there is no tool."""
    conversion = converted(paths, **rest)
    assert conversion.tools == []
    return [note.what for note in conversion.report.left_out]


def body(schema: Any, kind: str = "application/json", **rest: Any) -> dict[str, Any]:
    """Return an operation whose body is of ``schema``."""
    return {
        "post": {"requestBody": {"required": True, "content": {kind: {"schema": schema} | rest}}}
    }
