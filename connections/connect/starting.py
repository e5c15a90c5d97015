"""Begins a trip to the provider: state, PKCE verifier and nonce, bound to the browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from connections.errors import AuthConfigDisabled, LinkExpired, LinkUnknown, LinkUsed
from connections.models import ConnectAttempt, ConnectLink, Status
from integrations.schemes import OAuth2Client
from integrations.secrets import Secret
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from datetime import datetime

# How long a person may take at the provider: signing up there, finding a second factor.
ATTEMPT_LIFETIME = timedelta(minutes=30)
_RELATED = ("account__entity", "account__auth_config", "account__project")


def find_link(*, token: str, browser: str, now: datetime) -> ConnectLink:
    """Return the open link of ``token`` as this browser may use it. Consumes nothing.

    Raises:
        LinkUnknown: there is none, or its account is gone.
        LinkExpired: it ran out.
        LinkUsed: it has led to a connection, or another browser is using it.
    """
    link = ConnectLink.objects.with_token(token).select_related(*_RELATED).first()
    if link is None:
        raise LinkUnknown
    _check(link, browser=browser, now=now)
    return link


@dataclass(frozen=True, kw_only=True, repr=False)
class Departure:
    """A person on her way: from which link, to which page of the provider."""

    link: ConnectLink
    url: str


def find_completed_link(*, link_id: str, browser: str) -> ConnectLink:
    """Return the link that this browser brought to its end. Raises LinkUnknown."""
    completed = ConnectLink.objects.filter(
        pk=link_id, browser_digest=digest(browser), completed_at__isnull=False
    )
    link = completed.select_related(*_RELATED).first()
    if link is None or link.account.status == Status.DELETED:
        raise LinkUnknown
    return link


def start_attempt(*, token: str, browser: str, now: datetime) -> Departure:
    """Bind the link to ``browser`` and say where at the provider to send the person.

    Args:
        browser: the random text in this browser's cookie.

    Raises:
        LinkUnknown, LinkExpired, LinkUsed: as `find_link`; of two browsers at once one wins.
        AuthConfigDisabled: the project switched the auth config off.
    """
    with transaction.atomic():
        link = find_link(token=token, browser=browser, now=now)
        link = ConnectLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
        _check(link, browser=browser, now=now)
        link.browser_digest = digest(browser)
        link.save(update_fields=["browser_digest"])
        return Departure(link=link, url=_begin(link, browser=browser, now=now))


def _check(link: ConnectLink, *, browser: str, now: datetime) -> None:
    if link.account.status == Status.DELETED:
        raise LinkUnknown
    if link.completed_at is not None:
        raise LinkUsed
    if link.expires_at <= now:
        raise LinkExpired
    if link.browser_digest and link.browser_digest != digest(browser):
        raise LinkUsed


def _begin(link: ConnectLink, *, browser: str, now: datetime) -> str:
    auth_config = link.account.auth_config
    if not auth_config.enabled:
        raise AuthConfigDisabled
    client = OAuth2Client.of(auth_config)
    scopes = auth_config.requested_scopes
    state = new_token()
    attempt = ConnectAttempt(
        project_id=link.project_id,
        link=link,
        auth_config=auth_config,
        state_digest=digest(state),
        browser_digest=digest(browser),
        nonce=new_token() if "openid" in scopes else "",
        expected_issuer=client.toolkit.issuer or "",
        redirect_uri=auth_config.redirect_uri,
        scopes=scopes,
        expires_at=now + ATTEMPT_LIFETIME,
    )
    verifier = Secret(new_token()) if client.toolkit.pkce else None
    attempt.code_verifier = verifier
    attempt.save(force_insert=True)
    return client.authorization_url(
        redirect_uri=attempt.redirect_uri,
        scopes=scopes,
        state=state,
        code_verifier=verifier,
        nonce=attempt.nonce,
    )
