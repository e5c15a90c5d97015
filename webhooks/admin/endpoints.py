"""Endpoints: the subscribers' URLs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from integrations.admin.base import VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, code, two_lines
from integrations.admin.operations import OperationsAdmin
from integrations.admin.project_choice import InProjectForm, for_request
from integrations.admin.theme import DropdownFilter
from integrations.audit import Subject
from integrations.moments import span, when
from integrations.outbound import OutboundError, vet_url
from webhooks import endpoints
from webhooks.admin.endpoint_operations import OPERATIONS
from webhooks.admin.words import endpoint_badge
from webhooks.models import Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


class StateFilter(DropdownFilter):
    """Endpoints by how delivering to them goes."""

    title = "deliveries"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("failing", "Failing, or switched off for it"),
            ("fine", "Not failing"),
            ("off", "Switched off"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
        if self.value() == "off":
            return queryset.filter(enabled=False)
        if self.value() in {"failing", "fine"}:
            return queryset.filter(failing_since__isnull=self.value() == "fine")
        return queryset


class EndpointForm(InProjectForm):
    """What an endpoint receives; its secret is made by us and has no input."""

    url = forms.CharField(label="URL", max_length=2000, widget=UnfoldAdminTextInputWidget)
    event_types = forms.MultipleChoiceField(
        choices=[(name, name) for name in endpoints.SUBSCRIBABLE],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None ticked: all of them.",
    )

    class Meta:
        model = Endpoint
        fields = ("url", "description", "event_types", "tenant_id")
        labels = {"tenant_id": "Tenant ID"}

    def clean_url(self) -> str:
        """Refuse what the outbound door would refuse, while the author is still here."""
        url: str = self.cleaned_data["url"]
        try:
            vet_url(url)
        except OutboundError as error:
            message = f"Evergrant does not deliver to that URL: {error}"
            raise ValidationError(message) from None
        return url


@admin.register(Endpoint)
class EndpointAdmin(OperationsAdmin):
    """A URL of the app that receives signed events."""

    form = EndpointForm
    exclude = ("project",)
    operations = OPERATIONS
    change_form_outer_before_template = "admin/partials/head.html"
    list_display = ("address", "project", "state", "subscription", "tenant_id", "created")
    list_select_related = ("project",)
    list_filter = (StateFilter, ("project", VisibleRelatedFilter))
    search_fields = ("id__exact", "url__icontains", "tenant_id__exact")
    search_help_text = "Endpoint ID, URL or tenant ID"
    readonly_fields = ("identifier", "project_name", "created")
    add_fieldsets = (
        (None, {"fields": ("project", "url", "description", "event_types", "tenant_id")}),
    )
    fieldsets = (
        (None, {"fields": ("url", "description", "event_types", "tenant_id")}),
        ("Facts", {"fields": ("identifier", "project_name", "created")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    def subject_of(self, row: Endpoint) -> Subject:
        """Name the host alone: the URL's path may be all that a receiver knows its sender by."""
        return replace(Subject.of(row), label=urlsplit(row.url).hostname or "")

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        return for_request(super().get_form(request, obj, change, **kwargs), request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by Django, which would take the history along; there is an operation."""
        return False

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        values = {name: form.cleaned_data[name] for name in EndpointForm.Meta.fields}
        if change:
            endpoints.update_endpoint(endpoint=obj, **values)
            return
        created = endpoints.create_endpoint(project=obj.project, **values)
        obj.pk = created.endpoint.pk
        # The secret lives on this request only, until its answer shows it.
        request.created_secret = created.secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_once(
            request,
            "The endpoint's signing secret",
            "Copy it now into your receiver: it is kept sealed and not shown again. Rotating makes "
            "a new one.",
            [(obj.url, request.created_secret)],  # type: ignore[attr-defined]
            self.page_of(obj),
        )

    def get_header(self, request: HttpRequest, obj: Endpoint) -> Header:
        advice = obj.disabled_reason
        if obj.enabled and obj.failing_since:
            advice = (
                f"Deliveries have failed for {span(timezone.now() - obj.failing_since)}. "
                "They are tried again."
            )
        return Header(
            title=obj.url,
            subtitle=obj.description or obj.pk,
            badge=endpoint_badge(obj),
            advice=advice,
            advice_tone=Tone.WARN if obj.enabled else Tone.QUIET,
        )

    @admin.display(description="Endpoint", ordering="url")
    def address(self, endpoint: Endpoint) -> SafeString:
        return two_lines(endpoint.url, endpoint.description or endpoint.pk)

    @admin.display(description="State")
    def state(self, endpoint: Endpoint) -> SafeString:
        return endpoint_badge(endpoint)

    @admin.display(description="Events")
    def subscription(self, endpoint: Endpoint) -> str:
        count = len(endpoint.event_types)
        return f"{count} type{'' if count == 1 else 's'}" if count else "all"

    @admin.display(description="Created", ordering="id")
    def created(self, endpoint: Endpoint) -> SafeString | str:
        return when(endpoint.created_at)

    @admin.display(description="ID")
    def identifier(self, endpoint: Endpoint) -> SafeString | str:
        return code(endpoint.pk)

    @admin.display(description="Project")
    def project_name(self, endpoint: Endpoint) -> str:
        return endpoint.project.name
