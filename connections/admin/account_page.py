"""The page of one account: how it stands and why, what to do, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.html import format_html

from connections.admin.account_facts import REFRESHING, AccountFacts
from connections.admin.diagnosis import diagnose, well_being
from connections.admin.words import status_badge
from connections.models import Status
from connections.timeline import ALL_KINDS, Kind, fold_refreshes, timeline
from integrations.admin.audited import VIEW as VIEW_TRAIL
from integrations.admin.marks import Header
from integrations.admin.operations import OperationsAdmin
from integrations.admin.toolkit_marks import mark

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from connections.models import ConnectedAccount

PAGE: Final = 50
_TABS: Final[dict[str, tuple[str, frozenset[Kind]]]] = {
    "": ("Everything", ALL_KINDS),
    "status": ("Status", frozenset({Kind.TRANSITION, Kind.REVOCATION, Kind.VERIFICATION})),
    "refresh": ("Refreshes", frozenset({Kind.REFRESH})),
    "proof": ("Proofs", frozenset({Kind.PROOF})),
    "event": ("Events", frozenset({Kind.EVENT, Kind.TRANSITION})),
    "link": ("Links", frozenset({Kind.LINK})),
    "staff": ("Staff", frozenset({Kind.STAFF})),
}


class AccountPage(AccountFacts, OperationsAdmin):
    """One account's page."""

    change_form_template = "admin/connections/account.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return rows with what list and page tell of each."""
        related = ("entity", "auth_config__managed_app", "project", "use")
        return super().get_queryset(request).select_related(*related)

    def get_fieldsets(self, request: HttpRequest, obj: ConnectedAccount | None = None) -> Any:
        """Without what an account that is not refreshed has nothing to say to."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.status == Status.ACTIVE or obj.probe_at is not None:
            return fieldsets
        return [fieldset for fieldset in fieldsets if fieldset is not REFRESHING]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        account = kwargs.get("obj")
        if account is not None:
            now = timezone.now()
            diagnosis = diagnose(account, now=now)
            context |= self._timeline(request, account) | {
                "mark": mark(account.toolkit, account.auth_config.toolkit_name),
                "diagnosis": diagnosis,
                "primary": diagnosis.operation if diagnosis else "",
                "well_being": "" if diagnosis else well_being(account, now=now),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def _timeline(self, request: HttpRequest, account: ConnectedAccount) -> dict[str, Any]:
        sees_staff = request.user.has_perm(VIEW_TRAIL)
        tabs = {key: tab for key, tab in _TABS.items() if sees_staff or key != "staff"}
        chosen = request.GET.get("kinds", "")
        chosen = chosen if chosen in tabs else ""
        kinds = tabs[chosen][1] if sees_staff else tabs[chosen][1] - {Kind.STAFF}
        before = request.GET.get("before", "").replace("\0", "")
        entries = timeline(account, PAGE + 1, before=before, kinds=kinds)
        return {
            "timeline": fold_refreshes(entries[:PAGE]),
            "timeline_more": entries[PAGE - 1].cursor if len(entries) > PAGE else "",
            "timeline_before": before,
            "timeline_kinds": chosen,
            "timeline_tabs": [(key, title, key == chosen) for key, (title, _) in tabs.items()],
            "sees_events": request.user.has_perm("webhooks.view_event"),
        }

    def get_header(self, request: HttpRequest, obj: ConnectedAccount) -> Header:
        who = f"{obj.auth_config.toolkit_name} account of {obj.entity.user_id}"
        return Header(
            title=obj.identity_label or "Not connected yet",
            subtitle=f"{who} · {obj.alias}" if obj.alias else who,
            badge=format_html(
                "{} <span>{}</span>", status_badge(obj), obj.get_status_reason_display()
            ),
        )
