"""Reads the tools that ship: one YAML file for each toolkit, when they are first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import UnknownTool

FOLDER: Final = Path(__file__).parent.parent / "catalog" / "tools"
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def toolkits_with_tools() -> frozenset[str]:
    """Return the slugs of the toolkits that tools ship for, without reading a file."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def shipped_tools(toolkit: str) -> dict[str, ToolDefinition]:
    """Return the tools that ship for ``toolkit`` by name; none for one that has no file.

    Raises:
        ValueError: the file does not follow `ToolDefinition`.
    """
    if toolkit not in toolkits_with_tools():
        return {}
    return read_tools(FOLDER / f"{toolkit}.yaml")


@cache
def every_shipped_tool() -> dict[str, tuple[str, ToolDefinition]]:
    """Return all tools that ship by name, each with its toolkit."""
    return {
        name: (toolkit, tool)
        for toolkit in sorted(toolkits_with_tools())
        for name, tool in shipped_tools(toolkit).items()
    }


def shipped_tool(name: str) -> tuple[str, ToolDefinition]:
    """Return the tool ``name`` and its toolkit. Raises UnknownTool."""
    try:
        return every_shipped_tool()[name]
    except KeyError:
        raise UnknownTool from None


def read_tools(path: Path) -> dict[str, ToolDefinition]:
    """Return the tools in a file, by name and in its order.

    Raises:
        ValueError: the file does not follow `ToolDefinition`, or has two tools of one name.
    """
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name}: no YAML: {error}") from None
    listed = content.get("tools") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not all(isinstance(own, dict) for own in listed):
        raise ValueError(f"{path.name}: a list of tools is missing")
    if unknown := sorted(set(content) - {"defaults", "tools"}):
        raise ValueError(f"{path.name}: {', '.join(unknown)} are not known here")
    defaults = content.get("defaults", {})
    tools = [_parse(path, _on_top(defaults, own)) for own in listed]
    by_name = {tool.name: tool for tool in tools}
    if len(by_name) < len(tools):
        raise ValueError(f"{path.name}: two tools have one name")
    return by_name


def _parse(path: Path, fields: dict[str, Any]) -> ToolDefinition:
    try:
        return ToolDefinition.model_validate(fields)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}"
            for found in error.errors()
        )
        raise ValueError(f"{path.name}: {fields.get('name')}: {told}") from None


def _on_top(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return a tool's fields over the file's defaults; what is fixed adds up."""
    fields = defaults | own
    if fixed := [*defaults.get("fixed", []), *own.get("fixed", [])]:
        fields["fixed"] = fixed
    return fields
