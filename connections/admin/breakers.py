"""Providers that are not called for a while, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from connections.actors import operator
from connections.health import breakers_of
from connections.models import Breaker
from connections.operations import try_again
from connections.refresh.endpoints import client_in
from integrations.admin.base import RecordAdmin
from integrations.admin.marks import Header, Tone, badge, code, two_lines
from integrations.admin.operations import Done, Operation, OperationsAdmin
from integrations.admin.theme import DropdownFilter, ModelAdmin
from integrations.audit import Subject
from integrations.models import AuthConfig, ManagedApp
from integrations.models.scoping import sees_every_project
from integrations.moments import EMPTY, span, when

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


def is_waiting(breaker: Breaker) -> bool:
    """Whether no call is made at all until a moment to come."""
    return breaker.opened_at is not None and (breaker.open_until or timezone.now()) > timezone.now()


def on_trial(breaker: Breaker) -> bool:
    """Whether one call has been let through and its answer is waited for."""
    if breaker.opened_at is None or breaker.trial_until is None:
        return False
    return breaker.trial_until > timezone.now()


def breaker_badge(breaker: Breaker) -> SafeString:
    """Return what the breaker lets through."""
    if breaker.opened_at is None:
        if breaker.failures:
            return badge(f"Closed, {breaker.failures} failed in a row", Tone.WARN)
        return badge("Closed", Tone.GOOD)
    if on_trial(breaker):
        return badge("Trial under way", Tone.BUSY)
    if is_waiting(breaker) and breaker.open_until:
        return badge(f"Open for {span(breaker.open_until - timezone.now())} more", Tone.BAD)
    return badge("Open, next call is a trial", Tone.WARN)


def _of_what(breaker: Any) -> str:
    if breaker.config_name:
        return "Calls of one auth config"
    return "Calls of one managed app" if breaker.app_name else "Token endpoint"


def _at_endpoint(breaker: Breaker) -> str:
    client = client_in(breaker.endpoint)
    return f"calls of {client} alone" if client else "every auth config at this endpoint"


def _try(breaker: Breaker, request: HttpRequest, _note: str) -> Done:
    if not request.user.is_authenticated:
        raise PermissionDenied
    if try_again(breaker=breaker, actor=operator(request.user)):
        return Done(message="the next call that is due goes out as a trial.")
    return Done(message="a trial is under way, or calls go out anyway.", level=messages.WARNING)


class StateFilter(DropdownFilter):
    """Breakers that keep calls away, as the overview counts them: a trial may be under way."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("closed", "Closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> QuerySet[Breaker]:
        if self.value() not in {"open", "closed"}:
            return queryset
        return queryset.filter(opened_at__isnull=self.value() == "closed")


@admin.register(Breaker)
class BreakerAdmin(OperationsAdmin, RecordAdmin):
    """Stops calls to what fails: a token endpoint, or one client there."""

    operations = (
        Operation(
            name="try",
            title="Try now",
            icon="restart_alt",
            permission="connections.change_breaker",
            consequence="One account's refresh goes out as a trial. If the provider answers, all "
            "others follow; if not, calls stay away for a while longer.",
            run=_try,
            applies=lambda breaker: breaker.opened_at is not None and not on_trial(breaker),
        ),
    )
    list_display = ("what", "state", "cause", "opened", "failed", "succeeded")
    list_filter = (StateFilter,)
    search_fields = ("endpoint",)
    search_help_text = "Endpoint, auth config ID or managed app ID"
    sortable_by = ()
    ordering = (F("opened_at").desc(nulls_last=True), F("last_failure_at").desc(nulls_last=True))
    fieldsets = (
        ("Breaker", {"fields": ("whom", "cause", "opened", "until", "failed", "succeeded")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Breakers of the auth configs that the person may see, and of their endpoints.

        An endpoint's name may tell who another project's customers are.
        """
        rows: QuerySet[Any] = ModelAdmin.get_queryset(self, request)
        names = AuthConfig.objects.filter(pk=OuterRef("pk")).values("name")
        apps = ManagedApp.objects.filter(pk=OuterRef("pk")).values("name")
        rows = rows.annotate(config_name=Subquery(names[:1]), app_name=Subquery(apps[:1]))
        if sees_every_project(request.user):
            return rows
        configs = AuthConfig.objects.visible_to(request.user).select_related("managed_app")
        return rows.filter(pk__in={name for config in configs for name in breakers_of(config)})

    def subject_of(self, row: Any) -> Subject:
        """Let an auth config's project see it; an endpoint is nobody's alone."""
        config = AuthConfig.objects.filter(pk=row.pk).only("project_id").first()
        return Subject.of(row, project_id=config.project_id if config else None)

    def get_header(self, request: HttpRequest, obj: Any) -> Header:
        advice = ""
        if obj.opened_at:
            whom = "this endpoint"
            if obj.config_name or obj.app_name:
                whom = "this auth config" if obj.config_name else "this managed app"
            advice = (
                f"Accounts at {whom} are not refreshed while it is open; their status does not "
                "change, and tokens are served while they live. It closes by itself with the "
                "first call that succeeds."
            )
        return Header(
            title=obj.config_name or obj.app_name or obj.endpoint,
            subtitle=_of_what(obj),
            badge=breaker_badge(obj),
            advice=advice,
            advice_tone=Tone.WARN,
        )

    @admin.display(description="Keeps calls from")
    def what(self, breaker: Any) -> SafeString:
        if breaker.config_name:
            return two_lines(breaker.config_name, "one auth config")
        if breaker.app_name:
            return two_lines(breaker.app_name, "every auth config of this managed app")
        origin = breaker.endpoint.replace(f" ({client_in(breaker.endpoint)})", "")
        return two_lines(origin, _at_endpoint(breaker))

    @admin.display(description="Keeps calls from")
    def whom(self, breaker: Any) -> SafeString | str:
        if breaker.app_name:
            return f"every auth config of the managed app {breaker.app_name}"
        if not breaker.config_name:
            return _at_endpoint(breaker)
        url = reverse("admin:integrations_authconfig_change", args=[quote(breaker.pk)])
        return format_html('<a href="{}">{}</a>', url, breaker.config_name)

    @admin.display(description="State")
    def state(self, breaker: Any) -> SafeString:
        return breaker_badge(breaker)

    @admin.display(description="Last failure was")
    def cause(self, breaker: Any) -> SafeString | str:
        return code(breaker.error_code)

    @admin.display(description="Open since")
    def opened(self, breaker: Any) -> SafeString | str:
        return when(breaker.opened_at)

    @admin.display(description="Open until")
    def until(self, breaker: Any) -> SafeString | str:
        return when(breaker.open_until) if is_waiting(breaker) else EMPTY

    @admin.display(description="Last failed")
    def failed(self, breaker: Any) -> SafeString | str:
        return when(breaker.last_failure_at)

    @admin.display(description="Last recovered")
    def succeeded(self, breaker: Any) -> SafeString | str:
        return when(breaker.last_success_at)
