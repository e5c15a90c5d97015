"""Takes a portal link back before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Least
from django.utils import timezone

from connections.models import ConnectLink, PortalLink, Verification

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor

log = structlog.get_logger(__name__)


@transaction.atomic
def withdraw_portal_link(*, link: PortalLink, actor: Actor) -> bool:
    """Let nobody in by ``link`` any more, not the browser in which it is open either.

    Connect links that were made in that portal end with it, and so do trips that have set out from
    them: whoever had the portal has them too. What was connected or disconnected meanwhile stays.

    Returns:
        Whether it was still good; again does no harm.
    """
    # A link that is being made in the portal is waited for, to end as well; none is made after it.
    # Also where the portal has just run out, which closes no row.
    list(PortalLink.objects.select_for_update(no_key=True).filter(pk=link.pk))
    now = timezone.now()
    rows = PortalLink.objects.filter(pk=link.pk, withdrawn_at__isnull=True, expires_at__gt=now)
    closed = rows.update(withdrawn_at=now)
    _end_links(link, now=now)
    if not closed:
        return False
    link.withdrawn_at = now
    log.info("portal_link_withdrawn", portal_link_id=link.pk, actor=actor)
    return True


def _end_links(portal: PortalLink, *, now: datetime) -> None:
    """End what was made in the portal, also where the portal is over: trips outlast it."""
    # Through the person's accounts, which are few: the portal's id has no index.
    made = ConnectLink.objects.filter(account__entity_id=portal.entity_id, portal_id=portal.pk)
    unused = made.filter(completed_at__isnull=True, refused_at__isnull=True)
    ended = [each.pk for each in unused]
    unused.update(refused_at=now, expires_at=Least("expires_at", Value(now)))
    held = Verification.objects.filter(attempt__link__in=ended, ended_at__isnull=True)
    held.filter(verified_at__isnull=True).update(ended_at=now, held=None)
