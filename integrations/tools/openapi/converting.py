"""Makes tools of a document, and a report of what could not be expressed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from integrations.tools.definition import ToolDefinition
from integrations.tools.openapi.bodies import add_body
from integrations.tools.openapi.limits import (
    DEPTHS,
    LARGEST_TOOL,
    LONGEST_PATH,
    MOST_OPERATIONS,
    AllTooLarge,
    Budget,
    OneTooLarge,
)
from integrations.tools.openapi.naming import Names
from integrations.tools.openapi.outputs import items_of
from integrations.tools.openapi.parameters import add_parameters, parameters_of
from integrations.tools.openapi.parts import CannotExpress, Parts
from integrations.tools.openapi.plain import clean
from integrations.tools.openapi.references import BadReference, follow
from integrations.tools.openapi.report import Report
from integrations.tools.openapi.schemas import Translator
from integrations.tools.openapi.scopes import scopes_of
from integrations.tools.openapi.selecting import Filters
from integrations.tools.openapi.servers import locate, server_of

METHODS: Final = ("get", "post", "put", "patch", "delete")
OTHER_METHODS: Final = ("head", "options", "trace")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to convert.

    Attributes:
        prefix: what names begin with; usually the toolkit.
        base_url: the toolkit's, with the auth config's parameters filled in.
        ignore_servers: take all paths as below ``base_url``, whatever servers the document names.
    """

    prefix: str
    base_url: str | None
    filters: Filters = field(default_factory=Filters)
    ignore_servers: bool = False


@dataclass(frozen=True)
class Conversion:
    """The tools, in the document's order, and the report."""

    tools: list[ToolDefinition] = field(default_factory=list)
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """One operation of the document."""

    method: str
    path: str
    item: dict[str, Any]
    operation: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {clean(self.path, 200)}"


@dataclass(frozen=True)
class _Work:
    """What goes through the whole of it."""

    options: Options
    budget: Budget
    report: Report


def convert(document: dict[str, Any], options: Options) -> Conversion:
    """Return tools for the operations of an OpenAPI document. Never raises for what is in it.

    Args:
        document: as `read_document` returns it.
    """
    result = Conversion()
    report = result.report
    report.title = _title(document)
    if document.get("webhooks"):
        report.leave_out("", "webhooks: calls in the other direction")
    names, work = Names(options.prefix), _Work(options, Budget(), report)
    for found in _operations(document, report):
        report.operations += 1
        operation_id = clean(found.operation.get("operationId"), 200)
        # Taken also by those that are not wanted, so that a filter changes no name.
        name = names.tool_name(operation_id, found.method, found.path)
        if not options.filters.want(
            method=found.method, path=found.path, operation=found.operation
        ):
            report.filtered_out += 1
            continue
        if tool := _tool(document, found, name, work):
            result.tools.append(tool)
            report.tools.append(tool.name)
    return result


def _title(document: dict[str, Any]) -> str:
    info = document.get("info")
    known = info if isinstance(info, dict) else {}
    return f"{clean(known.get('title'), 100)} {clean(str(known.get('version', '')), 40)}".strip()


def _operations(document: dict[str, Any], report: Report) -> Iterator[_Found]:
    count = 0
    for path, node in document["paths"].items():
        if not isinstance(path, str) or not path.startswith("/"):
            continue
        if len(path) > LONGEST_PATH:
            report.leave_out(clean(path, 200), "a path that is too long")
            continue
        try:
            item, _ = follow(document, node)
        except BadReference as error:
            report.leave_out(clean(path, 200), str(error))
            continue
        if not isinstance(item, dict):
            continue
        for method in (*METHODS, *OTHER_METHODS):
            operation = item.get(method)
            if not isinstance(operation, dict):
                continue
            count += 1
            if count > MOST_OPERATIONS:
                report.leave_out("", f"everything after {MOST_OPERATIONS:,} operations")
                return
            found = _Found(method=method, path=path, item=item, operation=operation)
            if method in OTHER_METHODS:
                report.leave_out(found.label, f"{method.upper()} is no call of a tool")
            else:
                yield found


def _tool(
    document: dict[str, Any],
    found: _Found,
    name: str,
    work: _Work,
) -> ToolDefinition | None:
    """Return the operation as a tool; None, and a line in the report, where it cannot be one."""
    try:
        for deepest in DEPTHS:
            work.budget.begin_one()
            try:
                parts = _parts(document, found, work, deepest)
            except OneTooLarge:
                continue
            fields = parts.fields | _texts(found, name)
            if len(json.dumps(fields, ensure_ascii=False)) <= LARGEST_TOOL:
                tool = ToolDefinition.model_validate(fields)
                work.report.lose(found.label, name, parts.lost)
                return tool
        why = "its inputs are too large"
    except CannotExpress as error:
        why = str(error)
    except AllTooLarge:
        why = "the document is too large: filter it"
    except ValidationError as error:
        why = clean(error.errors()[0]["msg"], 200)
    work.report.leave_out(found.label, why)
    return None


def _parts(document: dict[str, Any], found: _Found, work: _Work, deepest: int) -> Parts:
    operation, parts = found.operation, Parts()
    translator = Translator(document, work.budget, deepest=deepest)
    server = None if work.options.ignore_servers else server_of(operation, found.item, document)
    parameters = list(parameters_of(document, found.item, operation))
    template = add_parameters(parts, found.path, parameters, translator)
    base_url, path = locate(server, template, work.options.base_url)
    body = operation.get("requestBody")
    add_body(parts, found.method.upper(), body, document, translator)
    items = items_of(document, operation, work.budget)
    if operation.get("callbacks"):
        parts.lost.append("callbacks: calls in the other direction")
    parts.lost += translator.lost
    inputs: dict[str, Any] = {"properties": parts.properties}
    if parts.required:
        inputs["required"] = parts.required
    parts.fields |= {
        "method": found.method.upper(),
        "path": path,
        "inputs": inputs,
        "placement": parts.placement,
        "scopes": scopes_of(document, operation),
    }
    if base_url:
        parts.fields["base_url"] = base_url
    if items is not None:
        parts.fields["output"] = {"items": items}
    # Nobody knows what a POST does; a client that asks before it destroys has to ask.
    if found.method == "post":
        parts.fields["destructive"] = True
    return parts


def _texts(found: _Found, name: str) -> dict[str, Any]:
    operation = found.operation
    summary = clean(operation.get("summary"), 200)
    text = clean(operation.get("description"), 2000)
    whole = "\n\n".join(dict.fromkeys(part for part in (summary, text) if part))
    if operation.get("deprecated") is True:
        whole = f"Deprecated. {whole}"
    title = summary if len(summary) <= 100 else ""
    return {"name": name, "title": title, "description": whole or found.label}
