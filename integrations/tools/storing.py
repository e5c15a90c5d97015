"""Stores tools of an auth config: imported ones, and those that somebody wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from integrations.models import AuthConfig, Tool
from integrations.models.tool import Source
from integrations.tools.checking import check_tool
from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import InvalidTool

MOST_TOOLS = 2000


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Names of what came of it."""

    created: tuple[str, ...]
    replaced: tuple[str, ...]
    kept: tuple[str, ...]


def store_tools(
    *,
    auth_config: AuthConfig,
    tools: Sequence[ToolDefinition],
    source: Source,
    origin: str = "",
    replace: bool = False,
    dry_run: bool = False,
) -> Stored:
    """Store ``tools`` for ``auth_config``: all of them or, where one is not valid, none.

    Args:
        origin: where they come from, in words.
        replace: take the new one where there is a tool of that name, instead of keeping the old.
        dry_run: store nothing, and return what would have been done.

    Raises:
        InvalidTool: one may not be called with this toolkit's credentials, or is no JSON Schema;
            or the auth config would have too many.
    """
    base_url = auth_config.catalog_entry.base_url
    for tool in tools:
        check_tool(tool, base_url=base_url)
    with transaction.atomic():
        # One import at a time, so that two do not count each other out.
        locked = AuthConfig.objects.select_for_update(no_key=True).get(pk=auth_config.pk)
        there = {row.name: row for row in Tool.objects.of(locked)}
        new = [tool for tool in tools if tool.name not in there]
        if len(there) + len(new) > MOST_TOOLS:
            raise InvalidTool(f"An auth config has at most {MOST_TOOLS} tools.")
        known = [tool for tool in tools if tool.name in there]
        if not dry_run:
            Tool.objects.bulk_create(_row(locked, tool, source, origin) for tool in new)
            for tool in known if replace else []:
                there[tool.name].redefine(tool, source=source, origin=origin)
    names = tuple(tool.name for tool in known)
    return Stored(
        created=tuple(tool.name for tool in new),
        replaced=names if replace else (),
        kept=() if replace else names,
    )


def parse_tool(fields: Any) -> ToolDefinition:
    """Return the definition that ``fields`` describe. Raises InvalidTool, and says where."""
    try:
        return ToolDefinition.model_validate(fields)
    except ValidationError as error:
        told = [
            {"field": ".".join(str(step) for step in found["loc"]), "problem": found["msg"]}
            for found in error.errors()
        ]
        raise InvalidTool(fields=told) from None


def _row(auth_config: AuthConfig, tool: ToolDefinition, source: Source, origin: str) -> Tool:
    return Tool(
        project_id=auth_config.project_id,
        auth_config=auth_config,
        name=tool.name,
        definition=tool.as_data(),
        source=source,
        origin=origin[:200],
    )
