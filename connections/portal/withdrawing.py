"""Takes a portal link back before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone

from connections.models import ConnectLink, PortalLink

if TYPE_CHECKING:
    from connections.actors import Actor

log = structlog.get_logger(__name__)


@transaction.atomic
def withdraw_portal_link(*, link: PortalLink, actor: Actor) -> bool:
    """Let nobody in by ``link`` any more, not the browser in which it is open either.

    Connect links that were made in that portal and are still open end with it: whoever had the
    portal has them too. What was connected or disconnected meanwhile stays.

    Returns:
        Whether it was still good; again does no harm.
    """
    now = timezone.now()
    rows = PortalLink.objects.filter(pk=link.pk, withdrawn_at__isnull=True, expires_at__gt=now)
    if not rows.update(withdrawn_at=now):
        return False
    link.withdrawn_at = now
    # Through the person's accounts, which are few: the portal's id has no index.
    made = ConnectLink.objects.filter(account__entity_id=link.entity_id, portal_id=link.pk)
    made.open(now=now).update(expires_at=now)
    log.info("portal_link_withdrawn", portal_link_id=link.pk, actor=actor)
    return True
