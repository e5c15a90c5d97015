"""Connected accounts: the list, and one account with its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from connections.admin.filters import HealthFilter, ReasonFilter, StatusFilter
from connections.admin.operations import OPERATIONS
from connections.admin.words import status_badge
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount, Credentials, Status
from connections.timeline import ALL_KINDS, Kind, timeline
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.operations import OperationsAdmin
from integrations.admin.toolkits import ToolkitFilter, toolkit_name
from integrations.moments import EMPTY, span, when

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

PAGE = 50
_KINDS = {
    "": ("Everything", ALL_KINDS),
    "status": ("Status changes", frozenset({Kind.TRANSITION, Kind.REVOCATION})),
    "refresh": ("Refreshes", frozenset({Kind.REFRESH})),
}
_ADVICE = {
    Status.INITIATED: ("Waiting for the person to open the link and agree.", Tone.BUSY),
    Status.INACTIVE: ("Every use is refused until somebody enables it.", Tone.QUIET),
    Status.EXPIRED: ("Only the person can repair this: send a reconnect link.", Tone.BAD),
    Status.FAILED: ("The person did not get through: send a new link.", Tone.BAD),
    Status.REVOKED: ("The credentials are wiped. A reconnect link brings it back.", Tone.WARN),
    Status.DELETED: ("The app does not see this account any more.", Tone.QUIET),
}


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(OperationsAdmin, RecordAdmin):
    """One grant: machines write it, operators watch it and run operations on it."""

    change_form_template = "admin/connections/account.html"
    operations = OPERATIONS
    list_display = ("account", "owner", "standing", "token_ends", "refreshing", "verified")
    list_select_related = ("entity", "auth_config", "project")
    list_filter = (
        StatusFilter,
        ReasonFilter,
        HealthFilter,
        ToolkitFilter,
        ("auth_config", VisibleRelatedFilter),
        ("project", VisibleRelatedFilter),
    )
    search_fields = (
        "id__exact",
        "identity_id__exact",
        "entity__user_id__icontains",
        "identity_label__icontains",
        "alias__icontains",
    )
    search_help_text = "Account ID, user ID, identity or alias"
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
                    "alias_text",
                    "config_link",
                    "project_name",
                    "created",
                )
            },
        ),
        ("Token", {"fields": ("token_ends", "generation", "obtained", "next_refresh", "verified")}),
        ("Scopes", {"fields": ("granted", "missing")}),
    )
    readonly_fields = (
        "identifier",
        "identity",
        "toolkit_label",
        "entity_link",
        "alias_text",
        "config_link",
        "project_name",
        "created",
        "token_ends",
        "generation",
        "obtained",
        "next_refresh",
        "verified",
        "granted",
        "missing",
    )

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
        advice, tone = _ADVICE.get(Status(obj.status), ("", Tone.QUIET))
        if obj.status == Status.ACTIVE and obj.refresh_failing_since:
            now = timezone.now()
            for_so_long = span(now - obj.refresh_failing_since)
            served = (
                "the token is served while it lives"
                if obj.lives_for(0, now=now)
                else "the token has ended, so the app gets an error until then"
            )
            advice = (
                f"Refreshing has failed for {for_so_long} ({obj.refresh_failures} times in a row). "
                f"It is tried again by itself; {served}."
            )
            tone = Tone.WARN
        reason = obj.get_status_reason_display()
        return Header(
            title=obj.identity_label or "Not connected yet",
            subtitle=f"{toolkit_name(obj.toolkit)} account of {obj.entity.user_id}",
            badge=format_html("{} <span>{}</span>", status_badge(obj), reason),
            advice=advice,
            advice_tone=tone,
        )

    @admin.display(description="Account")
    def account(self, account: ConnectedAccount) -> SafeString:
        note = toolkit_name(account.toolkit)
        note = f"{note} · {account.alias}" if account.alias else note
        return two_lines(account.identity_label or "Not connected yet", note)

    @admin.display(description="Entity")
    def owner(self, account: ConnectedAccount) -> SafeString:
        return two_lines(account.entity.user_id, account.project.name)

    @admin.display(description="Status")
    def standing(self, account: ConnectedAccount) -> SafeString:
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
        if account.refresh_failing_since:
            length = span(timezone.now() - account.refresh_failing_since)
            return two_lines(
                badge(f"Failing for {length}", Tone.WARN), f"{account.refresh_failures} in a row"
            )
        return when(account.refreshed_at)

    @admin.display(description="Last verified", ordering="last_verified_at")
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
        return toolkit_name(account.toolkit)

    @admin.display(description="Entity")
    def entity_link(self, account: ConnectedAccount) -> SafeString:
        url = reverse("admin:connections_entity_change", args=[quote(account.entity_id)])
        return format_html('<a href="{}">{}</a>', url, account.entity.user_id)

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
        if account.refresh_at is None or account.refresh_at > timezone.now():
            return when(account.refresh_at)
        return f"due for {span(timezone.now() - account.refresh_at)}"

    @admin.display(description="Granted")
    def granted(self, account: ConnectedAccount) -> SafeString | str:
        return chips(account.scopes_granted, empty="none")

    @admin.display(description="Asked for, not granted")
    def missing(self, account: ConnectedAccount) -> SafeString | str:
        granted = set(account.scopes_granted)
        return chips((s for s in account.scopes_requested if s not in granted), empty="none")
