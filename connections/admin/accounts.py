"""Connected accounts: the list. The page of one is `account_page`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html

from connections.admin.account_page import AccountPage
from connections.admin.bulk_starting import BulkStarting, is_on_all
from connections.admin.facets import AccountList
from connections.admin.filters import (
    AUTH_CONFIG,
    AccountToolkitFilter,
    AgeFilter,
    EndFilter,
    HealthFilter,
    ReasonFilter,
    StatusFilter,
    configs_of,
)
from connections.admin.operations import OPERATIONS
from connections.admin.words import status_badge
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount, Reason, Status
from integrations.admin.base import MOST_PARTS, VisibleRelatedFilter
from integrations.admin.marks import Tone, badge, two_lines
from integrations.admin.places import PlacedAdmin
from integrations.admin.searching import IndexedSearchAdmin
from integrations.admin.toolkit_marks import mark
from integrations.counting import EXACT_UP_TO
from integrations.models import AuthConfig
from integrations.moments import EMPTY, relative, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from integrations.admin.theme import ChangeList


@admin.register(ConnectedAccount)
class ConnectedAccountAdmin(AccountPage, BulkStarting, IndexedSearchAdmin, PlacedAdmin):
    """One grant: machines write it, operators watch it and run operations on it."""

    operations = OPERATIONS
    list_before_template = "admin/connections/ways.html"
    list_display = ("account", "owner", "standing", "freshness", "verified", "created")
    list_filter = (
        StatusFilter,
        ReasonFilter,
        HealthFilter,
        EndFilter,
        AgeFilter,
        AccountToolkitFilter,
        ("auth_config", VisibleRelatedFilter),
        ("project", VisibleRelatedFilter),
    )
    search_fields = ("id", "entity__user_id", "identity_label", "identity_id", "alias")
    search_help_text = "ID, user, identity or alias begins with"
    sortable_by = ("freshness", "verified", "created")

    class Media:
        css = {"all": ("console/toolkits.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AccountList

    def parts_of(self, request: HttpRequest, rows: QuerySet[Any]) -> Sequence[QuerySet[Any]]:
        """Return a toolkit's accounts by auth config: of each the index has the order."""
        if request.GET.get(AUTH_CONFIG):
            return ()
        if toolkit := request.GET.get(AccountToolkitFilter.parameter_name, ""):
            configs = configs_of(toolkit, request)
            return [rows.filter(auth_config=pk) for pk in configs if len(configs) <= MOST_PARTS]
        return super().parts_of(request, rows)

    def most_found(self, request: HttpRequest) -> int:
        """Return one more than may be worked on, so that a job has all of them or is refused."""
        return EXACT_UP_TO + 1 if is_on_all(request) else super().most_found(request)

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

    @admin.display(description="Account")
    def account(self, account: ConnectedAccount) -> SafeString:
        name = account.auth_config.toolkit_name
        note = f"{name} · {account.alias}" if account.alias else name
        told = two_lines(account.identity_label or "Not connected yet", note)
        return format_html('<span class="eg-marked">{}{}</span>', mark(account.toolkit, name), told)

    @admin.display(description="Entity")
    def owner(self, account: ConnectedAccount) -> SafeString:
        return two_lines(account.entity.user_id, account.project.name)

    @admin.display(description="Status")
    def standing(self, account: ConnectedAccount) -> SafeString:
        if account.status_reason == Reason.CONNECTED:
            # How nearly every account stands: words in each row would hide those of the others.
            return status_badge(account)
        return two_lines(status_badge(account), account.get_status_reason_display())

    @admin.display(description="Token", ordering="expires_at")
    def freshness(self, account: ConnectedAccount) -> SafeString | str:
        now = timezone.now()
        if account.status not in HOLDS_CREDENTIALS or not account.grant_generation:
            return EMPTY
        if account.status != Status.ACTIVE:
            return _life(account, now)
        if account.in_doubt_since:
            since = span(now - account.in_doubt_since)
            return two_lines(badge(f"In doubt for {since}", Tone.WARN), _life(account, now))
        if account.refresh_failing_since:
            length = span(now - account.refresh_failing_since)
            times = f"{account.refresh_failures} in a row · {_life(account, now)}"
            return two_lines(badge(f"Failing for {length}", Tone.WARN), times)
        at = account.refreshed_at
        return two_lines(f"Refreshed {relative(at, now=now)}" if at else EMPTY, _life(account, now))


def _life(account: ConnectedAccount, now: datetime) -> str:
    if account.expires_at is None:
        return "no end"
    if account.expires_at <= now:
        return f"ended {relative(account.expires_at, now=now)}"
    return f"ends {relative(account.expires_at, now=now)}"
