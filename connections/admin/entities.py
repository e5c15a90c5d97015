"""Entities: the app's users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from connections.admin.portal_links import make_portal_link
from connections.admin.words import status_badge
from connections.models import ConnectedAccount, Entity
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, code, two_lines
from integrations.admin.operations import Operation, OperationsAdmin
from integrations.admin.places import PlacedAdmin
from integrations.admin.searching import IndexedSearchAdmin
from integrations.moments import EMPTY, when

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

SHOWN_ACCOUNTS = 50


OPERATIONS = (
    Operation(
        name="portal",
        title="Portal link",
        icon="door_front",
        permission="connections.add_portallink",
        consequence="Whoever opens the link first sees this person's accounts, and can reconnect "
        "and disconnect them. Give it to her only. It is shown once.",
        run=make_portal_link,
        in_lists=False,
    ),
)


@admin.register(Entity)
class EntityAdmin(OperationsAdmin, IndexedSearchAdmin, PlacedAdmin, RecordAdmin):
    """A user of the app, with her accounts."""

    operations = OPERATIONS
    list_display = ("user", "tenant", "project", "created")
    list_select_related = ("project",)
    sortable_by = ("user", "tenant", "created")
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("id", "user_id", "tenant_id")
    search_help_text = "ID, user or tenant begins with"
    fieldsets = (
        (
            "Entity",
            {"fields": ("identifier", "user_text", "tenant", "mail", "project_name", "created")},
        ),
        ("Connected accounts", {"fields": ("accounts",)}),
    )

    def ways(self, request: HttpRequest, term: str) -> list[Q]:
        return [
            Q(pk__startswith=term),
            Q(user_id__istartswith=term),
            Q(tenant_id__istartswith=term) & ~Q(tenant_id=""),
        ]

    def get_header(self, request: HttpRequest, obj: Entity) -> Header:
        return Header(title=obj.user_id, subtitle=obj.pk)

    @admin.display(description="User", ordering="user_id")
    def user(self, entity: Entity) -> SafeString:
        return two_lines(entity.user_id, entity.pk)

    @admin.display(description="User ID")
    def user_text(self, entity: Entity) -> str:
        return entity.user_id

    @admin.display(description="Tenant", ordering="tenant_id")
    def tenant(self, entity: Entity) -> str:
        return entity.tenant_id or EMPTY

    @admin.display(description="E-mail")
    def mail(self, entity: Entity) -> SafeString | str:
        if not entity.email:
            return "not known: the app has given none"
        if entity.notices_refused_at:
            return two_lines(entity.email, "wants no mails")
        return entity.email

    @admin.display(description="Created", ordering="id")
    def created(self, entity: Entity) -> SafeString | str:
        return when(entity.created_at)

    @admin.display(description="ID")
    def identifier(self, entity: Entity) -> SafeString | str:
        return code(entity.pk)

    @admin.display(description="Project")
    def project_name(self, entity: Entity) -> str:
        return entity.project.name

    @admin.display(description="Accounts")
    def accounts(self, entity: Entity) -> SafeString | str:
        rows = ConnectedAccount.objects.select_related("auth_config").filter(entity=entity)[
            :SHOWN_ACCOUNTS
        ]
        parts = [
            (
                reverse("admin:connections_connectedaccount_change", args=[quote(row.pk)]),
                row.identity_label or "Not connected yet",
                row.auth_config.toolkit_name,
                status_badge(row),
            )
            for row in rows
        ]
        if not parts:
            return "none"
        items = format_html_join("", '<li><a href="{}">{}</a> <span>{}</span> {}</li>', parts)
        return format_html('<ul class="eg-list">{}</ul>', items)
