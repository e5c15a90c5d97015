"""Tools of auth configs: imported, or written by hand. Those that ship are no rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, code, two_lines
from integrations.admin.operations import Done, Operation, OperationsAdmin
from integrations.admin.tool_marks import call_facts, effect, inputs_of
from integrations.admin.toolkit_marks import mark
from integrations.models import Tool
from integrations.models.tool import Source
from integrations.moments import EMPTY, when
from integrations.tools.catalog import toolkits_with_tools

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from integrations.tools.definition import ToolDefinition

_SOURCES: Final[dict[str, str]] = {Source.OPENAPI: "OpenAPI document", Source.FILE: "File"}


def delete(tool: Tool, _request: HttpRequest, _note: str) -> Done:
    """Delete the row."""
    tool.delete()
    return Done(message="deleted.")


def known_definition(tool: Tool) -> ToolDefinition | None:
    """Return the tool's definition, None where this version cannot read it."""
    try:
        return tool.parsed
    except ValueError:
        return None


_FACTS = (
    "identifier",
    "config_link",
    "toolkit",
    "project_name",
    "came_from",
    "created",
    "updated",
)


@admin.register(Tool)
class ToolAdmin(OperationsAdmin, RecordAdmin):
    """A named endpoint of an auth config: commands write it, people read and delete it."""

    change_form_template = "admin/integrations/tool.html"
    list_before_template = "admin/integrations/tools_shipped.html"
    operations = (
        Operation(
            name="delete",
            title="Delete",
            icon="delete",
            permission="integrations.delete_tool",
            consequence="It is no longer listed and offered. Where one that ships has the same "
            "name, that one takes its place again. Importing brings it back.",
            run=delete,
            confirm=True,
            danger=True,
            removes=True,
        ),
    )
    list_display = ("tool", "call", "config", "came_from", "updated")
    list_display_links = ("tool",)
    list_select_related = ("auth_config", "project")
    list_filter = (
        ("project", VisibleRelatedFilter),
        ("auth_config", VisibleRelatedFilter),
        ("source", ChoicesDropdownFilter),
    )
    search_fields = (
        "name",
        "definition__title__icontains",
        "definition__path__icontains",
        "id__exact",
        "auth_config__id__exact",
    )
    search_help_text = "Name, title, path, tool ID or auth config ID"
    fieldsets = (("Tool", {"fields": _FACTS}),)

    class Media:
        css = {"all": ["console/toolkits.css", "console/tools.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tool]:
        sealed = ("client_secret", "older_client_secrets", "former_clients", "registration")
        rows: QuerySet[Tool] = super().get_queryset(request)
        return rows.defer(*(f"auth_config__{name}" for name in sealed))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = {"shipped_for": len(toolkits_with_tools())}
        return super().changelist_view(request, {**(extra_context or {}), **told})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if (tool := kwargs.get("obj")) is not None:
            config, definition = tool.auth_config, known_definition(tool)
            context |= {
                "mark": mark(config.toolkit, config.toolkit_name),
                "definition": definition,
                "facts": call_facts(definition) if definition else [],
                "inputs": inputs_of(definition) if definition else [],
                "shown": _as_text(definition.inputs if definition else tool.definition),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_header(self, request: HttpRequest, obj: Tool) -> Header:
        definition = known_definition(obj)
        if definition is None:
            advice = "This version of Evergrant cannot read it. Import it again with --replace."
            return Header(title=obj.name, subtitle=obj.pk, advice=advice, advice_tone=Tone.BAD)
        return Header(
            title=obj.name,
            subtitle=definition.title or obj.auth_config.toolkit_name,
            badge=effect(definition),
        )

    @admin.display(description="Tool", ordering="name")
    def tool(self, tool: Tool) -> SafeString:
        return two_lines(tool.name, tool.definition.get("title") or tool.pk)

    @admin.display(description="Calls")
    def call(self, tool: Tool) -> SafeString | str:
        if "path" not in tool.definition:
            return EMPTY
        # A definition leaves out what is the default.
        method, path = tool.definition.get("method", "GET"), tool.definition["path"]
        shown = (
            '<span class="eg-cell"><span>{}</span>'
            '<code class="eg-code eg-cell-note" title="{}">{}</code></span>'
        )
        return format_html(shown, method, path, path)

    @admin.display(description="Auth config", ordering="auth_config__name")
    def config(self, tool: Tool) -> SafeString:
        note = f"{tool.auth_config.toolkit_name} · {tool.project.name}"
        return two_lines(tool.auth_config.name, note)

    @admin.display(description="Source", ordering="source")
    def came_from(self, tool: Tool) -> SafeString:
        return two_lines(_SOURCES.get(tool.source, tool.source), tool.origin)

    @admin.display(description="Updated", ordering="updated_at")
    def updated(self, tool: Tool) -> SafeString | str:
        return when(tool.updated_at)

    @admin.display(description="Created")
    def created(self, tool: Tool) -> SafeString | str:
        return when(tool.created_at)

    @admin.display(description="ID")
    def identifier(self, tool: Tool) -> SafeString | str:
        return code(tool.pk)

    @admin.display(description="Auth config")
    def config_link(self, tool: Tool) -> SafeString:
        url = reverse("admin:integrations_authconfig_change", args=[quote(tool.auth_config_id)])
        return format_html('<a href="{}">{}</a>', url, tool.auth_config.name)

    @admin.display(description="Toolkit")
    def toolkit(self, tool: Tool) -> str:
        return tool.auth_config.toolkit_name

    @admin.display(description="Project")
    def project_name(self, tool: Tool) -> str:
        return tool.project.name


def _as_text(schema: Any) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)
