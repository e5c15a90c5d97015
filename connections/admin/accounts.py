"""Connected accounts: the list, and one account with its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from connections import wording
from connections.admin.advice import advice_on
from connections.admin.bulk_starting import BulkStarting
from connections.admin.filters import (
    AccountToolkitFilter,
    AuthConfigFilter,
    EndFilter,
    HealthFilter,
    ReasonFilter,
    StatusFilter,
)
from connections.admin.operations import OPERATIONS
from connections.admin.words import status_badge
from connections.holding import held_back
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount, Credentials, Reason, Status
from connections.timeline import ALL_KINDS, Kind, timeline
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.searching import IndexedSearchAdmin
from integrations.models import AuthConfig
from integrations.moments import EMPTY, span, when

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

PAGE = 50
_KINDS = {
    "": ("Everything", ALL_KINDS),
    "status": ("Status changes", frozenset({Kind.TRANSITION, Kind.REVOCATION, Kind.VERIFICATION})),
    "refresh": ("Refreshes", frozenset({Kind.REFRESH})),
}


_REFRESHING: tuple[str, Any] = (
    "Refreshing",
    {"fields": ("next_refresh", "attempt", "refresh_tries", "doubt", "next_probe", "probe_tries")},
)


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(BulkStarting, IndexedSearchAdmin, RecordAdmin):
    """One grant: machines write it, operators watch it and run operations on it."""

    change_form_template = "admin/connections/account.html"
    operations = OPERATIONS
    list_display = ("account", "owner", "standing", "token_ends", "refreshing", "verified")
    list_select_related = ("entity", "auth_config__managed_app", "project")
    list_filter = (
        StatusFilter,
        ReasonFilter,
        HealthFilter,
        EndFilter,
        AccountToolkitFilter,
        ("auth_config", AuthConfigFilter),
        ("project", VisibleRelatedFilter),
    )
    search_fields = ("id", "entity__user_id", "identity_label", "identity_id", "alias")
    search_help_text = "ID, user, identity or alias begins with"
    sortable_by = ("token_ends", "verified")
    fieldsets = (
        (
            "Account",
            {
                "fields": (
                    "identifier",
                    "identity",
                    "toolkit_label",
                    "entity_link",
                    "user_check",
                    "alias_text",
                    "config_link",
                    "project_name",
                    "created",
                )
            },
        ),
        _REFRESHING,
        ("Token", {"fields": ("token_ends", "grant_ends", "generation", "obtained", "verified")}),
        ("Scopes", {"fields": ("granted", "missing")}),
    )
    readonly_fields = (
        "identifier",
        "identity",
        "toolkit_label",
        "entity_link",
        "user_check",
        "alias_text",
        "config_link",
        "project_name",
        "created",
        "next_refresh",
        "attempt",
        "refresh_tries",
        "doubt",
        "verified",
        "next_probe",
        "probe_tries",
        "token_ends",
        "grant_ends",
        "generation",
        "obtained",
        "granted",
        "missing",
    )

    def ways(self, request: HttpRequest, term: str) -> list[Q]:
        # Found by the index on config and identity, which is there for the operations.
        configs = AuthConfig.objects.visible_to(request.user).values_list("pk", flat=True)
        return [
            Q(pk__startswith=term),
            Q(entity__user_id__istartswith=term),
            Q(identity_label__istartswith=term),
            Q(alias__istartswith=term) & ~Q(alias=""),
            Q(auth_config__in=list(configs), identity_id=term),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: ConnectedAccount | None = None) -> Any:
        """Without what an account that is not refreshed has nothing to say to."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.status == Status.ACTIVE or obj.probe_at is not None:
            return fieldsets
        return [fieldset for fieldset in fieldsets if fieldset is not _REFRESHING]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        account = kwargs.get("obj")
        if account is not None:
            context |= self._timeline(request, account)
        return super().render_change_form(request, context, *args, **kwargs)

    def _timeline(self, request: HttpRequest, account: ConnectedAccount) -> dict[str, Any]:
        chosen = request.GET.get("kinds", "")
        chosen = chosen if chosen in _KINDS else ""
        before = request.GET.get("before", "").replace("\0", "")
        entries = timeline(account, PAGE + 1, before=before, kinds=_KINDS[chosen][1])
        more = entries[PAGE - 1].cursor if len(entries) > PAGE else ""
        tabs = [(key, title, key == chosen) for key, (title, _kinds) in _KINDS.items()]
        return {
            "timeline": entries[:PAGE],
            "timeline_more": more,
            "timeline_before": before,
            "timeline_kinds": chosen,
            "timeline_tabs": tabs,
            "sees_events": request.user.has_perm("webhooks.view_event"),
        }

    def get_header(self, request: HttpRequest, obj: ConnectedAccount) -> Header:
        advice, tone = advice_on(obj, now=timezone.now())
        reason = obj.get_status_reason_display()
        return Header(
            title=obj.identity_label or "Not connected yet",
            subtitle=f"{obj.auth_config.toolkit_name} account of {obj.entity.user_id}",
            badge=format_html("{} <span>{}</span>", status_badge(obj), reason),
            advice=advice,
            advice_tone=tone,
        )

    @admin.display(description="Account")
    def account(self, account: ConnectedAccount) -> SafeString:
        note = account.auth_config.toolkit_name
        note = f"{note} · {account.alias}" if account.alias else note
        return two_lines(account.identity_label or "Not connected yet", note)

    @admin.display(description="Entity")
    def owner(self, account: ConnectedAccount) -> SafeString:
        return two_lines(account.entity.user_id, account.project.name)

    @admin.display(description="Status")
    def standing(self, account: ConnectedAccount) -> SafeString:
        if account.status_reason == Reason.CONNECTED:
            # How nearly every account stands: words in each row would hide those of the others.
            return status_badge(account)
        return two_lines(status_badge(account), account.get_status_reason_display())

    @admin.display(description="Token expires", ordering="expires_at")
    def token_ends(self, account: ConnectedAccount) -> SafeString | str:
        if account.status not in HOLDS_CREDENTIALS:
            return EMPTY
        return when(account.expires_at)

    @admin.display(description="Refreshing")
    def refreshing(self, account: ConnectedAccount) -> SafeString | str:
        if account.status != Status.ACTIVE:
            return EMPTY
        if account.in_doubt_since:
            since = span(timezone.now() - account.in_doubt_since)
            return two_lines(badge("In doubt", Tone.WARN), f"for {since}")
        if account.refresh_failing_since:
            length = span(timezone.now() - account.refresh_failing_since)
            return two_lines(
                badge(f"Failing for {length}", Tone.WARN), f"{account.refresh_failures} in a row"
            )
        return when(account.refreshed_at)

    @admin.display(description="Last proven", ordering="last_verified_at")
    def verified(self, account: ConnectedAccount) -> SafeString | str:
        return when(account.last_verified_at)

    @admin.display(description="ID")
    def identifier(self, account: ConnectedAccount) -> SafeString | str:
        return code(account.pk)

    @admin.display(description="Identity upstream")
    def identity(self, account: ConnectedAccount) -> SafeString | str:
        if not account.identity_id:
            return "not known yet"
        return two_lines(account.identity_label or account.identity_id, account.identity_id)

    @admin.display(description="Toolkit")
    def toolkit_label(self, account: ConnectedAccount) -> str:
        return account.auth_config.toolkit_name

    @admin.display(description="Entity")
    def entity_link(self, account: ConnectedAccount) -> SafeString:
        url = reverse("admin:connections_entity_change", args=[quote(account.entity_id)])
        return format_html('<a href="{}">{}</a>', url, account.entity.user_id)

    @admin.display(description="Confirmed by the app")
    def user_check(self, account: ConnectedAccount) -> SafeString | str:
        if account.user_verified_at is not None:
            return when(account.user_verified_at)
        return badge("Unverified", Tone.QUIET) if account.granted_at else EMPTY

    @admin.display(description="Alias")
    def alias_text(self, account: ConnectedAccount) -> str:
        return account.alias or EMPTY

    @admin.display(description="Auth config")
    def config_link(self, account: ConnectedAccount) -> SafeString:
        url = reverse("admin:integrations_authconfig_change", args=[quote(account.auth_config_id)])
        return format_html('<a href="{}">{}</a>', url, account.auth_config.name)

    @admin.display(description="Project")
    def project_name(self, account: ConnectedAccount) -> str:
        return account.project.name

    @admin.display(description="Created")
    def created(self, account: ConnectedAccount) -> SafeString | str:
        return when(account.created_at)

    @admin.display(description="Generation")
    def generation(self, account: ConnectedAccount) -> str:
        # The number alone: the payload is neither read nor opened.
        rows = Credentials.objects.filter(pk=account.pk).values_list("generation", flat=True)
        return str(rows.first() or "no credentials stored")

    @admin.display(description="Obtained")
    def obtained(self, account: ConnectedAccount) -> SafeString | str:
        rows = Credentials.objects.filter(pk=account.pk).values_list("obtained_at", flat=True)
        return when(rows.first())

    @admin.display(description="Next refresh")
    def next_refresh(self, account: ConnectedAccount) -> SafeString | str:
        now = timezone.now()
        if account.refresh_at is None or account.refresh_at > now:
            return when(account.refresh_at)
        due = f"due for {span(now - account.refresh_at)}"
        held = held_back(account, now=now)
        return two_lines(due, held) if held else due

    @admin.display(description="Attempt under way")
    def attempt(self, account: ConnectedAccount) -> SafeString | str:
        if not account.lease_id or account.lease_started_at is None:
            return "none"
        asked = wording.trigger(account.lease_trigger)
        return two_lines(when(account.lease_started_at), f"{asked} · {account.lease_worker}")

    @admin.display(description="In doubt since")
    def doubt(self, account: ConnectedAccount) -> SafeString | str:
        if account.in_doubt_since is None:
            return "no doubt"
        return two_lines(when(account.in_doubt_since), "the provider may have answered unheard")

    @admin.display(description="Next proof of the status")
    def next_probe(self, account: ConnectedAccount) -> SafeString | str:
        if account.probe_at is None and account.refresh_at is not None:
            return "each refresh proves it"
        return when(account.probe_at)

    @admin.display(description="Grant ends (forecast)")
    def grant_ends(self, account: ConnectedAccount) -> SafeString | str:
        if account.status not in HOLDS_CREDENTIALS:
            return EMPTY
        return when(account.grant_ends_at) if account.grant_ends_at else "no end known"

    @admin.display(description="Failed attempts")
    def refresh_tries(self, account: ConnectedAccount) -> SafeString | str:
        return _in_a_row(account.refresh_failures, since=account.refresh_failing_since)

    @admin.display(description="Failed proofs")
    def probe_tries(self, account: ConnectedAccount) -> SafeString | str:
        return _in_a_row(account.probe_failures)

    @admin.display(description="Granted")
    def granted(self, account: ConnectedAccount) -> SafeString | str:
        return chips(account.scopes_granted, empty="none")

    @admin.display(description="Asked for, not granted")
    def missing(self, account: ConnectedAccount) -> SafeString | str:
        granted = set(account.scopes_granted)
        return chips((s for s in account.scopes_requested if s not in granted), empty="none")


def _in_a_row(count: int, *, since: datetime | None = None) -> SafeString | str:
    if not count:
        return "none"
    said = badge(f"{count} in a row", Tone.WARN)
    return two_lines(said, f"for {span(timezone.now() - since)}") if since else said
