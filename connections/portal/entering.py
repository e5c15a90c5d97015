"""Who is let in: a link is good for the browser that opened it, until it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from connections.errors import (
    PortalExpired,
    PortalNotOpen,
    PortalOpenedElsewhere,
    PortalUnknown,
)
from connections.models import PortalLink
from integrations.tokens import digest

if TYPE_CHECKING:
    from datetime import datetime


def find_portal(*, token: str) -> PortalLink:
    """Return the link of ``token``, whatever became of it. Raises PortalUnknown."""
    link = PortalLink.objects.with_token(token).select_related("project", "entity").first()
    if link is None:
        raise PortalUnknown
    return link


def check_portal(link: PortalLink, *, browser: str, now: datetime) -> None:
    """Let pass a link that ``browser`` has opened or may still open. Consumes nothing.

    Raises:
        PortalExpired: it ran out or was withdrawn.
        PortalOpenedElsewhere: another browser opened it.
    """
    if link.is_over(now=now):
        raise PortalExpired(link)
    if link.opened_at is not None and not is_open_in(link, browser=browser):
        raise PortalOpenedElsewhere(link)


def is_open_in(link: PortalLink, *, browser: str) -> bool:
    """Whether ``browser`` is the one that opened the link."""
    return bool(browser) and constant_time_compare(link.browser_digest, digest(browser))


def open_portal(*, token: str, browser: str, now: datetime) -> PortalLink:
    """Bind the link to ``browser``; of two browsers at once one wins. Again does no harm.

    Raises:
        PortalUnknown, PortalExpired, PortalOpenedElsewhere: as they say.
    """
    found = find_portal(token=token)
    with transaction.atomic():
        link = PortalLink.objects.select_for_update(of=("self",)).get(pk=found.pk)
        check_portal(link, browser=browser, now=now)
        if link.opened_at is None:
            link.browser_digest, link.opened_at = digest(browser), now
            link.save(update_fields=["browser_digest", "opened_at"])
    return link


def enter_portal(*, portal_id: str, browser: str, now: datetime) -> PortalLink:
    """Return the portal that ``browser`` has opened.

    Raises:
        PortalNotOpen: there is none, or another browser opened it: the answers are the same.
        PortalExpired: it has run out or was withdrawn since.
    """
    links = PortalLink.objects.filter(pk=portal_id)
    link = links.select_related("project", "entity").first()
    if link is None or not is_open_in(link, browser=browser):
        raise PortalNotOpen
    if link.is_over(now=now):
        raise PortalExpired(link)
    return link


def hold_open(portal: PortalLink) -> None:
    """Let nobody withdraw ``portal`` until the transaction ends.

    Raises:
        PortalExpired: it has run out or was withdrawn since it was entered.
    """
    held = PortalLink.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
    # The time after the wait: it may have run out meanwhile.
    if held is None or held.is_over(now=timezone.now()):
        raise PortalExpired(portal)
