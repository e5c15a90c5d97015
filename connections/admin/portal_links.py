"""Portal links. Their tokens are in the URLs only, so no page can show them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from connections.actors import operator
from connections.models import Entity, PortalLink
from connections.portal.issuing import issue_portal_link
from connections.portal.withdrawing import withdraw_portal_link
from connections.wording import actor
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, code, two_lines
from integrations.admin.operations import Done, Operation, OperationsAdmin
from integrations.admin.places import PlacedAdmin
from integrations.admin.searching import IndexedSearchAdmin
from integrations.moments import EMPTY, relative, when
from integrations.secrets import Secret

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


def make_portal_link(entity: Entity, request: HttpRequest, _note: str) -> Done:
    """Make a link to the portal of ``entity``; it is shown in this answer only."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    issued = issue_portal_link(entity=entity, actor=operator(request.user))
    ends = relative(issued.link.expires_at, now=timezone.now())
    return Done(message=f"portal link made, it ends {ends}.", shown_once=Secret(issued.url))


def _withdraw(link: PortalLink, request: HttpRequest, _note: str) -> Done:
    if not request.user.is_authenticated:
        raise PermissionDenied
    if withdraw_portal_link(link=link, actor=operator(request.user)):
        return Done(message="withdrawn: nobody is let in by it any more.")
    return Done(message="it was over already.", level=messages.WARNING)


OPERATIONS = (
    Operation(
        name="withdraw",
        title="Withdraw",
        icon="block",
        permission="connections.change_portallink",
        consequence="The portal closes at once, in the browser that opened it too, and so do "
        "connect links that were made in it. What was connected or disconnected stays.",
        run=_withdraw,
        applies=lambda link: not link.is_over(now=timezone.now()),
        confirm=True,
        danger=True,
    ),
)


@admin.register(PortalLink)
class PortalLinkAdmin(OperationsAdmin, IndexedSearchAdmin, PlacedAdmin, RecordAdmin):
    """A way into the portal of one person; its state is derived from its times."""

    operations = OPERATIONS
    list_display = ("link", "state", "maker", "ends", "created")
    list_select_related = ("entity", "project")
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("id", "entity__id", "entity__user_id")
    search_help_text = "Link ID, or entity ID, or user begins with"
    sortable_by = ()
    fieldsets = (
        (
            "Portal link",
            {
                "fields": (
                    "identifier",
                    "entity_link",
                    "project_name",
                    "maker",
                    "created",
                    "opened",
                    "ends",
                    "withdrawn",
                    "callback",
                )
            },
        ),
    )

    def ways(self, request: HttpRequest, term: str) -> list[Q]:
        return [Q(pk=term), Q(entity_id=term), Q(entity__user_id__istartswith=term)]

    def get_header(self, request: HttpRequest, obj: PortalLink) -> Header:
        return Header(
            title=f"Portal link of {obj.entity.user_id}", subtitle=obj.pk, badge=self.state(obj)
        )

    @admin.display(description="Person")
    def link(self, link: PortalLink) -> SafeString:
        return two_lines(link.entity.user_id, link.project.name)

    @admin.display(description="Person")
    def entity_link(self, link: PortalLink) -> SafeString:
        url = reverse("admin:connections_entity_change", args=[quote(link.entity_id)])
        return format_html('<a href="{}">{}</a>', url, link.entity.user_id)

    @admin.display(description="State")
    def state(self, link: PortalLink) -> SafeString:
        if link.withdrawn_at:
            return badge("Withdrawn", Tone.WARN)
        if link.is_over(now=timezone.now()):
            return badge("Over" if link.opened_at else "Never opened", Tone.QUIET)
        return (
            badge("Open in a browser", Tone.GOOD)
            if link.opened_at
            else badge("Unopened", Tone.BUSY)
        )

    @admin.display(description="Made by")
    def maker(self, link: PortalLink) -> str:
        return actor(link.created_by)

    @admin.display(description="Opened")
    def opened(self, link: PortalLink) -> SafeString | str:
        return when(link.opened_at)

    @admin.display(description="Ends")
    def ends(self, link: PortalLink) -> SafeString | str:
        return when(link.withdrawn_at or link.expires_at)

    @admin.display(description="Withdrawn")
    def withdrawn(self, link: PortalLink) -> SafeString | str:
        return when(link.withdrawn_at)

    @admin.display(description="Created")
    def created(self, link: PortalLink) -> SafeString | str:
        return when(link.created_at)

    @admin.display(description="ID")
    def identifier(self, link: PortalLink) -> SafeString | str:
        return code(link.pk)

    @admin.display(description="Project")
    def project_name(self, link: PortalLink) -> str:
        return link.project.name

    @admin.display(description="Back to the app")
    def callback(self, link: PortalLink) -> SafeString | str:
        return code(link.callback_url) if link.callback_url else EMPTY
