"""Deliveries: the way of one event to one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, code, two_lines
from integrations.admin.operations import OperationsAdmin
from integrations.moments import EMPTY, when
from webhooks.admin.redelivering import REDELIVER
from webhooks.admin.words import delivery_badge
from webhooks.models import Delivery, DeliveryAttempt

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

SHOWN_ATTEMPTS = 50


@admin.register(Delivery)
class DeliveryAdmin(OperationsAdmin, RecordAdmin):
    """One event on its way to one endpoint, with every attempt."""

    change_form_template = "admin/webhooks/delivery.html"
    operations = (REDELIVER,)
    list_display = ("event_type", "endpoint_url", "state", "tries", "next_try", "created")
    list_select_related = ("event", "endpoint", "project")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("endpoint", VisibleRelatedFilter),
        ("project", VisibleRelatedFilter),
    )
    search_fields = ("id__exact", "event__id__exact", "subject_id__exact")
    search_help_text = "Delivery ID, event ID or subject ID"
    fieldsets = (
        (
            "Delivery",
            {
                "fields": (
                    "identifier",
                    "event_link",
                    "endpoint_link",
                    "project_name",
                    "created",
                    "tries",
                    "next_try",
                    "delivered",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        secrets = ("endpoint__secret", "endpoint__previous_secret", "endpoint__older_secrets")
        return super().get_queryset(request).defer("event__sealed_data", *secrets)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if (delivery := kwargs.get("obj")) is not None:
            context["attempts"] = DeliveryAttempt.objects.filter(delivery=delivery)[:SHOWN_ATTEMPTS]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_header(self, request: HttpRequest, obj: Delivery) -> Header:
        return Header(
            title=obj.event.type, subtitle=f"to {obj.endpoint.url}", badge=delivery_badge(obj)
        )

    @admin.display(description="Event")
    def event_type(self, delivery: Delivery) -> SafeString:
        return two_lines(delivery.event.type, delivery.event_id)

    @admin.display(description="Endpoint")
    def endpoint_url(self, delivery: Delivery) -> SafeString:
        return two_lines(delivery.endpoint.url, delivery.project.name)

    @admin.display(description="State")
    def state(self, delivery: Delivery) -> SafeString:
        return delivery_badge(delivery)

    @admin.display(description="Attempts")
    def tries(self, delivery: Delivery) -> str:
        return str(delivery.attempt_count)

    @admin.display(description="Next attempt", ordering="next_attempt_at")
    def next_try(self, delivery: Delivery) -> SafeString | str:
        return when(delivery.next_attempt_at) if delivery.status == "pending" else EMPTY

    @admin.display(description="Delivered")
    def delivered(self, delivery: Delivery) -> SafeString | str:
        return when(delivery.delivered_at)

    @admin.display(description="Event occurred")
    def created(self, delivery: Delivery) -> SafeString | str:
        return when(delivery.event.occurred_at)

    @admin.display(description="ID")
    def identifier(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.pk)

    @admin.display(description="Event")
    def event_link(self, delivery: Delivery) -> SafeString:
        url = reverse("admin:webhooks_event_change", args=[quote(delivery.event_id)])
        return format_html(
            '<a href="{}"><code class="eg-code">{}</code></a>', url, delivery.event_id
        )

    @admin.display(description="Endpoint")
    def endpoint_link(self, delivery: Delivery) -> SafeString | str:
        if delivery.endpoint.deleted_at:
            return f"{delivery.endpoint.url} (deleted)"
        url = reverse("admin:webhooks_endpoint_change", args=[quote(delivery.endpoint_id)])
        return format_html('<a href="{}">{}</a>', url, delivery.endpoint.url)

    @admin.display(description="Project")
    def project_name(self, delivery: Delivery) -> str:
        return delivery.project.name
