"""Filters for the console's templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.contrib.admin.utils import quote
from django.utils.safestring import mark_safe

from integrations import moments
from integrations.models import AuthConfig
from integrations.templatetags import repairs
from integrations.tools.choosing import shipped_for

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from integrations.tools.definition import ToolDefinition

register = template.Library()
register.filter("when", moments.when)
register.filter("quoted", quote)


@register.filter
def repaired(body: SafeString) -> SafeString:
    """Return the body of a page, which was rendered already, with the theme's lacks made good."""
    return mark_safe(repairs.repaired(body))  # noqa: S308 - escaped where it was rendered


@register.filter
def shipped_tools(row: object) -> list[ToolDefinition]:
    """Return the tools that ship for an auth config, by name; none for a row of another kind."""
    return sorted(shipped_for(row).values(), key=_by_name) if isinstance(row, AuthConfig) else []


def _by_name(tool: ToolDefinition) -> str:
    return tool.name
