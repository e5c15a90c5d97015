"""Filters for the console's templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.contrib.admin.utils import quote

from integrations import moments
from integrations.models import AuthConfig
from integrations.tools.choosing import shipped_for

if TYPE_CHECKING:
    from integrations.tools.definition import ToolDefinition

register = template.Library()
register.filter("when", moments.when)
register.filter("quoted", quote)


@register.filter
def shipped_tools(row: object) -> list[ToolDefinition]:
    """Return the tools that ship for an auth config, by name; none for a row of another kind."""
    return sorted(shipped_for(row).values(), key=_by_name) if isinstance(row, AuthConfig) else []


def _by_name(tool: ToolDefinition) -> str:
    return tool.name
