"""Makes connect links: the token leaves in the URL and is kept as a digest only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from connections.models import ConnectLink
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor
    from connections.models import ConnectedAccount

LINK_PATH = "/connect/"


@dataclass(frozen=True, kw_only=True, repr=False)
class IssuedLink:
    """A new link. ``url`` is a credential: hand it to the person it is for, log it nowhere."""

    link: ConnectLink
    account: ConnectedAccount
    url: str


def issue_link(
    *,
    account: ConnectedAccount,
    actor: Actor,
    now: datetime,
    seconds: int | None = None,
    callback_url: str = "",
    app_state: str = "",
    portal_id: str = "",
) -> IssuedLink:
    """Make a link for ``account`` that lives ``seconds`` (default: the setting).

    The callback URL is taken as it is: callers have checked it against the project's list. With a
    ``portal_id`` the person is led back to that portal instead.
    """
    token = new_token()
    lifetime = timedelta(seconds=seconds or settings.CONNECT_LINK_SECONDS)
    link = ConnectLink.objects.create(
        project_id=account.project_id,
        account=account,
        token_digest=digest(token),
        callback_url=callback_url,
        portal_id=portal_id,
        app_state=app_state,
        created_by=actor,
        expires_at=now + lifetime,
    )
    return IssuedLink(link=link, account=account, url=f"{settings.BASE_URL}{LINK_PATH}{token}")
