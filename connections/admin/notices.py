"""Mails to people about their grants. Their links are in the mails only: no page can show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html

from connections import wording
from connections.models import ExpiryNotice, NoticeState
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, code, two_lines
from integrations.moments import EMPTY, when

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_TONES: Final = {
    NoticeState.WAITING: Tone.BUSY,
    NoticeState.SENDING: Tone.BUSY,
    NoticeState.SENT: Tone.GOOD,
    NoticeState.DROPPED: Tone.QUIET,
    NoticeState.FAILED: Tone.BAD,
    NoticeState.UNKNOWN: Tone.WARN,
}


@admin.register(ExpiryNotice)
class ExpiryNoticeAdmin(RecordAdmin):
    """One mail to one person about one account."""

    list_display = ("account_name", "why", "standing", "sent", "created")
    list_select_related = ("account__entity", "project")
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("id__exact", "account__id__exact")
    search_help_text = "Notice ID or account ID"
    fieldsets = (
        (
            "Notice",
            {
                "fields": (
                    "identifier",
                    "account_link",
                    "why",
                    "standing",
                    "tries",
                    "next_try",
                    "sent",
                    "asker",
                    "created",
                )
            },
        ),
    )

    def get_header(self, request: HttpRequest, obj: ExpiryNotice) -> Header:
        return Header(
            title=f"Mail to {obj.account.entity.user_id}",
            subtitle=obj.pk,
            badge=badge(obj.get_state_display(), _TONES[NoticeState(obj.state)]),
        )

    @admin.display(description="Account")
    def account_link(self, notice: ExpiryNotice) -> SafeString:
        url = reverse("admin:connections_connectedaccount_change", args=[quote(notice.account_id)])
        link = format_html('<a href="{}">{}</a>', url, notice.account)
        return two_lines(link, notice.account.entity.user_id)

    @admin.display(description="Account")
    def account_name(self, notice: ExpiryNotice) -> SafeString:
        """Name the account: in the list the cell leads to the notice itself."""
        return two_lines(notice.account, notice.account.entity.user_id)

    @admin.display(description="Why")
    def why(self, notice: ExpiryNotice) -> str:
        return notice.get_cause_display()

    @admin.display(description="State")
    def standing(self, notice: ExpiryNotice) -> SafeString:
        mark = badge(notice.get_state_display(), _TONES[NoticeState(notice.state)])
        return two_lines(mark, notice.explanation) if notice.explanation else mark

    @admin.display(description="Attempts")
    def tries(self, notice: ExpiryNotice) -> str:
        return str(notice.attempt_count)

    @admin.display(description="Next attempt")
    def next_try(self, notice: ExpiryNotice) -> SafeString | str:
        return when(notice.next_attempt_at) if notice.next_attempt_at else EMPTY

    @admin.display(description="Sent")
    def sent(self, notice: ExpiryNotice) -> SafeString | str:
        return when(notice.sent_at)

    @admin.display(description="Asked for by")
    def asker(self, notice: ExpiryNotice) -> str:
        return wording.actor(notice.created_by)

    @admin.display(description="Created", ordering="id")
    def created(self, notice: ExpiryNotice) -> SafeString | str:
        return when(notice.created_at)

    @admin.display(description="ID")
    def identifier(self, notice: ExpiryNotice) -> SafeString | str:
        return code(notice.pk)
