"""Lists and finds tools for a project: its own, and those that ship."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from integrations.models import AuthConfig, Project, Tool
from integrations.tools.catalog import every_shipped_tool
from integrations.tools.choosing import shipped_for
from integrations.tools.definition import NAME, ToolDefinition
from integrations.tools.errors import UnknownTool

_OWN_ID: Final = re.compile(r"tl_[0-9A-Za-z]{22}")
_NAME: Final = re.compile(NAME)


@dataclass(frozen=True, kw_only=True)
class ListedTool:
    """A tool with whose it is. ``id`` and ``auth_config_id`` are None for one that ships."""

    definition: ToolDefinition
    toolkit: str
    auth_config_id: str | None = None
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ToolPage:
    """A part of the list, and where the next one begins; None after the last."""

    items: list[ListedTool]
    next_cursor: str | None


def list_tools(
    *,
    project: Project,
    toolkit: str | None = None,
    auth_config_id: str | None = None,
    cursor: str = "",
    limit: int = 50,
) -> ToolPage:
    """Return tools: the project's own first, newest first, then those that ship, by name.

    Args:
        toolkit: only its tools.
        auth_config_id: only what `tools_of` has for it; nothing where it is not the project's.
        cursor: where the page before ended: the id of an own tool, or the name of one that ships.
    """
    own = Tool.objects.in_project(project).select_related("auth_config").order_by("-pk")
    shipped = {name: kit for name, (kit, _) in every_shipped_tool().items()}
    if auth_config_id is not None:
        config = AuthConfig.objects.in_project(project).filter(pk=auth_config_id).first()
        own = own.filter(auth_config=config) if config else own.none()
        hidden = set(own.values_list("name", flat=True))
        names = set(shipped_for(config)) - hidden if config else set()
        shipped = {name: kit for name, kit in shipped.items() if name in names}
    if toolkit is not None:
        own = own.filter(auth_config__toolkit=toolkit)
        shipped = {name: kit for name, kit in shipped.items() if kit == toolkit}
    found: list[ListedTool] = []
    if not cursor or _OWN_ID.fullmatch(cursor):
        rows = own.filter(pk__lt=cursor) if cursor else own
        found = [_own(row) for row in rows[: limit + 1]]
        cursor = ""
    names_left = sorted(name for name in shipped if name > cursor)
    found += [_shipped(name) for name in names_left[: limit + 1 - len(found)]]
    return _page(found, limit)


def find_tool(*, project: Project, name: str) -> ListedTool:
    """Return a tool by its name, or one of the project's own by its id.

    Where several auth configs have one of the name, the newest; one that ships comes first.

    Raises:
        UnknownTool: there is none, or it is another project's: the answers are the same.
    """
    rows = Tool.objects.in_project(project).select_related("auth_config").order_by("-pk")
    row = None
    if _OWN_ID.fullmatch(name):
        row = rows.filter(pk=name).first()
    elif _NAME.fullmatch(name):
        if name in every_shipped_tool():
            return _shipped(name)
        row = rows.filter(name=name).first()
    if row is None:
        raise UnknownTool
    return _own(row)


def _page(found: list[ListedTool], limit: int) -> ToolPage:
    items = found[:limit]
    more = len(found) > limit
    last = items[-1] if items else None
    return ToolPage(
        items=items, next_cursor=(last.id or last.definition.name) if more and last else None
    )


def _own(row: Tool) -> ListedTool:
    return ListedTool(
        definition=row.parsed,
        toolkit=row.auth_config.toolkit,
        auth_config_id=row.auth_config_id,
        id=row.pk,
    )


def _shipped(name: str) -> ListedTool:
    toolkit, definition = every_shipped_tool()[name]
    return ListedTool(definition=definition, toolkit=toolkit)
