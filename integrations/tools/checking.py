"""Checks the tools that ship, and any one that is about to be stored."""

from __future__ import annotations

from collections.abc import Iterator

from jsonschema import Draft202012Validator, SchemaError

from integrations.catalog import UnknownToolkit, get_toolkit
from integrations.tools.catalog import FOLDER, read_tools, toolkits_with_tools
from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import InvalidTool
from integrations.tools.hosts import same_service

LONGEST_PROBLEM = 300


def check_tool(tool: ToolDefinition, *, base_url: str | None) -> None:
    """Check what a definition alone cannot tell.

    Args:
        base_url: of its toolkit; may hold placeholders.

    Raises:
        InvalidTool: its inputs are no JSON Schema, or its address belongs to another service: its
            requests carry the credentials for this one.
    """
    try:
        Draft202012Validator.check_schema(tool.inputs)
    except SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path)
        message = f"{tool.name}: inputs are no JSON Schema at {place or 'the top'}"
        raise InvalidTool(message[:LONGEST_PROBLEM]) from None
    if tool.base_url is None and not base_url:
        raise InvalidTool(f"{tool.name}: neither it nor its toolkit has a base_url")
    if tool.base_url and not (base_url and same_service(tool.base_url, base_url)):
        raise InvalidTool(f"{tool.name}: its base_url is not of the toolkit's service")


def find_trouble() -> Iterator[str]:
    """Read every file of tools that ships and yield what is wrong, a line each."""
    owners: dict[str, str] = {}
    for toolkit in sorted(toolkits_with_tools()):
        try:
            base_url = get_toolkit(toolkit).base_url
            tools = read_tools(FOLDER / f"{toolkit}.yaml")
        except UnknownToolkit as error:
            yield str(error)
            continue
        except (ValueError, TypeError) as error:
            yield str(error)
            continue
        for tool in tools.values():
            if tool.name in owners:
                yield f"{tool.name}: both of {owners[tool.name]} and of {toolkit}"
            owners[tool.name] = toolkit
            try:
                check_tool(tool, base_url=base_url)
            except InvalidTool as error:
                yield error.message
