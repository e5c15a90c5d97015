"""Connect links. Their tokens are in the URLs only, so no page can show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from connections.models import ConnectLink
from connections.wording import actor
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, code, two_lines
from integrations.admin.places import PlacedAdmin
from integrations.moments import EMPTY, when

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(ConnectLink)
class ConnectLinkAdmin(PlacedAdmin, RecordAdmin):
    """An invitation to connect one account; its state is derived from its times."""

    list_display = ("link", "account_link", "state", "maker", "ends", "created")
    list_select_related = ("account__entity", "project")
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("id__exact", "account__id__exact", "account__entity__user_id__icontains")
    search_help_text = "Link ID, account ID or user ID"
    fieldsets = (
        (
            "Link",
            {
                "fields": (
                    "identifier",
                    "account_link",
                    "project_name",
                    "maker",
                    "created",
                    "ends",
                    "completed",
                )
            },
        ),
        ("Way back", {"fields": ("callback",)}),
    )

    def get_header(self, request: HttpRequest, obj: ConnectLink) -> Header:
        return Header(
            title=f"Connect link for {obj.account.entity.user_id}",
            subtitle=obj.pk,
            badge=self.state(obj),
        )

    @admin.display(description="Link")
    def link(self, link: ConnectLink) -> SafeString:
        return two_lines(link.account.entity.user_id, link.pk)

    @admin.display(description="Account")
    def account_link(self, link: ConnectLink) -> SafeString:
        url = reverse("admin:connections_connectedaccount_change", args=[quote(link.account_id)])
        return format_html('<a href="{}">{}</a>', url, link.account)

    @admin.display(description="State")
    def state(self, link: ConnectLink) -> SafeString:
        if link.completed_at:
            return badge("Completed", Tone.GOOD)
        if link.expires_at <= timezone.now():
            return badge("Expired", Tone.QUIET)
        return badge("Opened", Tone.BUSY) if link.browser_digest else badge("Open", Tone.BUSY)

    @admin.display(description="Made by")
    def maker(self, link: ConnectLink) -> str:
        return actor(link.created_by)

    @admin.display(description="Ends", ordering="expires_at")
    def ends(self, link: ConnectLink) -> SafeString | str:
        return when(link.expires_at)

    @admin.display(description="Completed")
    def completed(self, link: ConnectLink) -> SafeString | str:
        return when(link.completed_at)

    @admin.display(description="Created", ordering="id")
    def created(self, link: ConnectLink) -> SafeString | str:
        return when(link.created_at)

    @admin.display(description="ID")
    def identifier(self, link: ConnectLink) -> SafeString | str:
        return code(link.pk)

    @admin.display(description="Project")
    def project_name(self, link: ConnectLink) -> str:
        return link.project.name

    @admin.display(description="Callback URL")
    def callback(self, link: ConnectLink) -> SafeString | str:
        return code(link.callback_url) if link.callback_url else EMPTY
