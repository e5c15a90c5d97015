"""The facts of one account, as its page lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from connections import wording
from connections.holding import held_back
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import Credentials
from connections.uses import use_of
from integrations.admin.base import RecordAdmin
from integrations.admin.marks import Tone, badge, copyable, two_lines
from integrations.moments import EMPTY, span, when

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.utils.safestring import SafeString

    from connections.models import ConnectedAccount

_ACCOUNT = (
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
_REFRESHING = ("next_refresh", "attempt", "refresh_tries", "doubt", "next_probe", "probe_tries")
_TOKEN = ("token_ends", "obtained", "generation", "given", "grant_ends", "verified")
_USE = ("last_use", "uses")
REFRESHING: tuple[str, Any] = ("Refreshing and proofs", {"fields": _REFRESHING})


class AccountFacts(RecordAdmin):
    """What the side of an account's page says. No secret is among it."""

    fieldsets = (
        ("Account", {"fields": _ACCOUNT}),
        ("Token", {"fields": _TOKEN}),
        REFRESHING,
        ("Use", {"fields": _USE}),
        ("Scopes", {"fields": ("granted", "missing")}),
    )

    @admin.display(description="ID")
    def identifier(self, account: ConnectedAccount) -> SafeString | str:
        return copyable(account.pk)

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

    @admin.display(description="Created", ordering="id")
    def created(self, account: ConnectedAccount) -> SafeString | str:
        return when(account.created_at)

    @admin.display(description="Access token ends")
    def token_ends(self, account: ConnectedAccount) -> SafeString | str:
        if account.status not in HOLDS_CREDENTIALS:
            return EMPTY
        return when(account.expires_at) if account.expires_at else "no end"

    @admin.display(description="Generation")
    def generation(self, account: ConnectedAccount) -> str:
        # The number alone: the payload is neither read nor opened.
        rows = Credentials.objects.filter(pk=account.pk).values_list("generation", flat=True)
        return str(rows.first() or "no credentials stored")

    @admin.display(description="Obtained")
    def obtained(self, account: ConnectedAccount) -> SafeString | str:
        rows = Credentials.objects.filter(pk=account.pk).values_list("obtained_at", flat=True)
        return when(rows.first())

    @admin.display(description="Grant given")
    def given(self, account: ConnectedAccount) -> SafeString | str:
        return when(account.granted_at)

    @admin.display(description="Grant ends (forecast)")
    def grant_ends(self, account: ConnectedAccount) -> SafeString | str:
        if account.status not in HOLDS_CREDENTIALS:
            return EMPTY
        return when(account.grant_ends_at) if account.grant_ends_at else "no end known"

    @admin.display(description="Last verified", ordering="last_verified_at")
    def verified(self, account: ConnectedAccount) -> SafeString | str:
        return when(account.last_verified_at)

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

    @admin.display(description="Failed attempts")
    def refresh_tries(self, account: ConnectedAccount) -> SafeString | str:
        return _in_a_row(account.refresh_failures, since=account.refresh_failing_since)

    @admin.display(description="Failed proofs")
    def probe_tries(self, account: ConnectedAccount) -> SafeString | str:
        return _in_a_row(account.probe_failures)

    @admin.display(description="Last use")
    def last_use(self, account: ConnectedAccount) -> SafeString | str:
        use = use_of(account)
        return when(use.last_at) if use else "never, as far as is known"

    @admin.display(description="Uses")
    def uses(self, account: ConnectedAccount) -> SafeString | str:
        use = use_of(account)
        if use is None:
            return EMPTY
        return two_lines(f"{use.count:,}", f"{use.day_count:,} of them on the last day")

    @admin.display(description="Granted")
    def granted(self, account: ConnectedAccount) -> SafeString | str:
        return _scopes(account, account.scopes_granted)

    @admin.display(description="Asked for, not granted")
    def missing(self, account: ConnectedAccount) -> SafeString | str:
        granted = set(account.scopes_granted)
        return _scopes(account, (s for s in account.scopes_requested if s not in granted))


def _scopes(account: ConnectedAccount, scopes: Iterable[str]) -> SafeString | str:
    """Return scopes in the toolkit's words, with their names below."""
    toolkit = account.known_toolkit
    rows = [(toolkit.describe_scope(scope) if toolkit else scope, scope) for scope in scopes]
    if not rows:
        return "none"
    items = format_html_join("", "<li>{}{}</li>", (_scope(words, name) for words, name in rows))
    return format_html('<ul class="eg-scope-list">{}</ul>', items)


def _scope(words: str, name: str) -> tuple[SafeString | str, SafeString]:
    chip = format_html('<code class="eg-chip">{}</code>', name)
    return (format_html("<span>{}</span>", words) if words != name else ""), chip


def _in_a_row(count: int, *, since: datetime | None = None) -> SafeString | str:
    if not count:
        return "none"
    said = badge(f"{count} in a row", Tone.WARN)
    return two_lines(said, f"for {span(timezone.now() - since)}") if since else said
