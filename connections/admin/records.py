"""Revocations at providers. Transitions and refresh attempts are read in an account's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html

from connections import wording
from connections.models import Revocation
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, code
from integrations.moments import EMPTY, when

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(Revocation)
class RevocationAdmin(RecordAdmin):
    """A grant that must die at the provider too."""

    list_display = ("account_name", "state", "requester", "requested", "tries", "error_code")
    list_select_related = ("account", "project")
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("id__exact", "account__id__exact")
    search_help_text = "Revocation ID or account ID"
    fieldsets = (
        (
            "Revocation",
            {
                "fields": (
                    "identifier",
                    "account_link",
                    "explanation",
                    "requester",
                    "requested",
                    "tries",
                    "next_try",
                    "confirmed",
                    "given_up",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revocation]:
        return super().get_queryset(request).defer("payload")

    def get_header(self, request: HttpRequest, obj: Revocation) -> Header:
        return Header(title=wording.revocation_title(obj), subtitle=obj.pk, badge=self.state(obj))

    @admin.display(description="Account")
    def account_link(self, row: Revocation) -> SafeString:
        url = reverse("admin:connections_connectedaccount_change", args=[quote(row.account_id)])
        return format_html('<a href="{}">{}</a>', url, row.account)

    @admin.display(description="Account")
    def account_name(self, row: Revocation) -> str:
        """Name the account: in the list the cell leads to the revocation itself."""
        return str(row.account)

    @admin.display(description="State")
    def state(self, row: Revocation) -> SafeString:
        return badge(wording.revocation_state(row), Tone(wording.revocation_tone(row)))

    @admin.display(description="What happened")
    def explanation(self, row: Revocation) -> str:
        return wording.revocation_detail(row)

    @admin.display(description="Asked for by")
    def requester(self, row: Revocation) -> str:
        return wording.actor(row.requested_by)

    @admin.display(description="Asked for", ordering="id")
    def requested(self, row: Revocation) -> SafeString | str:
        return when(row.requested_at)

    @admin.display(description="Attempts")
    def tries(self, row: Revocation) -> str:
        return str(row.attempt_count)

    @admin.display(description="Next attempt")
    def next_try(self, row: Revocation) -> SafeString | str:
        return when(row.next_attempt_at) if row.next_attempt_at else EMPTY

    @admin.display(description="Confirmed")
    def confirmed(self, row: Revocation) -> SafeString | str:
        return when(row.confirmed_at)

    @admin.display(description="Given up")
    def given_up(self, row: Revocation) -> SafeString | str:
        return when(row.given_up_at)

    @admin.display(description="ID")
    def identifier(self, row: Revocation) -> SafeString | str:
        return code(row.pk)
