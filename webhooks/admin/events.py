"""Events: the outbox. Their sealed part (reconnect links) is shown nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, code, two_lines
from integrations.admin.operations import OperationsAdmin
from integrations.admin.theme import DropdownFilter
from integrations.moments import EMPTY, when
from webhooks.admin.redelivering import REDELIVER_EVENT
from webhooks.admin.words import delivery_badge
from webhooks.models import Delivery, Event, EventType

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_PAGES_OF_SUBJECTS = {
    "ca": "admin:connections_connectedaccount_change",
    "ac": "admin:integrations_authconfig_change",
    "we": "admin:webhooks_endpoint_change",
}


class TypeFilter(DropdownFilter):
    """Events of one type."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(value)) for value in EventType.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(OperationsAdmin, RecordAdmin):
    """One thing that happened, and who was told."""

    change_form_template = "admin/record.html"
    operations = (REDELIVER_EVENT,)
    list_display = ("what", "subject", "tenant", "project", "occurred")
    list_select_related = ("project",)
    list_filter = (TypeFilter, ("project", VisibleRelatedFilter))
    search_fields = ("id__exact", "subject_id__exact", "tenant_id__exact")
    search_help_text = "Event ID, subject ID or tenant ID"
    fieldsets = (
        ("Event", {"fields": ("identifier", "subject", "project_name", "tenant", "occurred")}),
        ("Deliveries", {"fields": ("deliveries",)}),
        ("Data", {"fields": ("shown_data", "sealed")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer("sealed_data")

    def get_header(self, request: HttpRequest, obj: Event) -> Header:
        return Header(title=obj.type, subtitle=obj.pk)

    @admin.display(description="Event", ordering="type")
    def what(self, event: Event) -> SafeString:
        return two_lines(event.type, event.pk)

    @admin.display(description="About")
    def subject(self, event: Event) -> SafeString | str:
        page = _PAGES_OF_SUBJECTS.get(event.subject_id.partition("_")[0])
        if page is None:
            return code(event.subject_id)
        url = reverse(page, args=[quote(event.subject_id)])
        return format_html(
            '<a href="{}"><code class="eg-code">{}</code></a>', url, event.subject_id
        )

    @admin.display(description="Tenant")
    def tenant(self, event: Event) -> str:
        return event.tenant_id or EMPTY

    @admin.display(description="Occurred", ordering="sequence")
    def occurred(self, event: Event) -> SafeString | str:
        return when(event.occurred_at)

    @admin.display(description="ID")
    def identifier(self, event: Event) -> SafeString | str:
        return code(event.pk)

    @admin.display(description="Project")
    def project_name(self, event: Event) -> str:
        return event.project.name

    @admin.display(description="Deliveries")
    def deliveries(self, event: Event) -> SafeString | str:
        rows = Delivery.objects.filter(event=event).select_related("endpoint")
        secrets = ("endpoint__secret", "endpoint__previous_secret", "endpoint__older_secrets")
        parts = [
            (
                reverse("admin:webhooks_delivery_change", args=[quote(row.pk)]),
                row.endpoint.url,
                delivery_badge(row),
            )
            for row in rows.defer(*secrets)
        ]
        if not parts:
            return "No endpoint was subscribed when it happened."
        items = format_html_join("", '<li><a href="{}">{}</a> {}</li>', parts)
        return format_html('<ul class="eg-list">{}</ul>', items)

    @admin.display(description="Data")
    def shown_data(self, event: Event) -> SafeString:
        text = json.dumps(event.data, indent=2, ensure_ascii=False)
        return format_html('<pre class="eg-json" tabindex="0">{}</pre>', text)

    @admin.display(description="Sealed part")
    def sealed(self, event: Event) -> str:
        rows = Event.objects.filter(pk=event.pk, sealed_data__isnull=False)
        return "a reconnect link, delivered to the app only" if rows.exists() else "none"
