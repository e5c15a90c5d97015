"""Makes portal links: the token leaves in the URL and is kept as a digest only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from connections.callback_urls import check_callback_url
from connections.issuing import LINK_PATH
from connections.models import PortalLink
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from connections.actors import Actor
    from connections.models import Entity

PORTAL_PATH = f"{LINK_PATH}portal/"


@dataclass(frozen=True, kw_only=True, repr=False)
class IssuedPortal:
    """A new link. ``url`` is a credential: hand it to the person it is for, log it nowhere."""

    link: PortalLink
    url: str


def issue_portal_link(
    *, entity: Entity, actor: Actor, callback_url: str = "", expires_in: int | None = None
) -> IssuedPortal:
    """Make a link on which the app's user ``entity`` sees and ends what the app may use.

    Args:
        callback_url: where "back to the app" leads.
        expires_in: how long the link, and the visit that it opens, lasts, in seconds.

    Raises:
        CallbackUrlRefused: as it says.
    """
    if callback_url:
        check_callback_url(project=entity.project, url=callback_url)
    token = new_token()
    link = PortalLink.objects.create(
        project_id=entity.project_id,
        entity=entity,
        token_digest=digest(token),
        callback_url=callback_url,
        created_by=actor,
        expires_at=timezone.now() + timedelta(seconds=expires_in or settings.CONNECT_LINK_SECONDS),
    )
    return IssuedPortal(link=link, url=f"{settings.BASE_URL}{PORTAL_PATH}{token}")
