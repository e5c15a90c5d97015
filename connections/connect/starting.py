"""Begins a trip to the provider: state, PKCE verifier and nonce, bound to the browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from authlib.common.urls import add_params_to_uri
from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language

from connections.connect.nonces import new_nonce
from connections.errors import (
    LinkExpired,
    LinkRefused,
    LinkUnknown,
    LinkUsed,
    ProviderUnavailable,
)
from connections.models import ConnectAttempt, ConnectLink, Status
from connections.taking import check_takes_connections
from integrations.models.auth_config import Scheme
from integrations.schemes import OAuth1Client, OAuth2Client, Refused, from_person
from integrations.secrets import Secret
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.models import Entity
    from integrations.catalog import Toolkit

# How long a person may take at the provider: signing up there, finding a second factor. The page
# for whoever takes longer says so (`words.late_words`).
ATTEMPT_LIFETIME = timedelta(minutes=30)
_RELATED = ("account__entity", "account__auth_config__managed_app", "account__project")


def find_link(*, token: str, browser: str, now: datetime) -> ConnectLink:
    """Return the open link of ``token`` as this browser may use it. Consumes nothing.

    Raises:
        LinkUnknown: there is none, or its account is gone.
        LinkExpired: it ran out, or the portal that it was made in was withdrawn.
        LinkUsed: it has led to a connection, or another browser is using it.
        LinkRefused: the app said that it was opened by somebody else.
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
    """Return the link that this browser brought to its end, and whose account lives.

    Raises:
        LinkUnknown: there is none, or its account is gone.
        LinkUsed: what it connected has ended since.
    """
    completed = ConnectLink.objects.filter(
        pk=link_id, browser_digest=digest(browser), completed_at__isnull=False
    )
    link = completed.select_related(*_RELATED).first()
    if link is None or link.account.status == Status.DELETED:
        raise LinkUnknown
    if not leads_to_life(link):
        raise LinkUsed(link)
    return link


def leads_to_life(link: ConnectLink) -> bool:
    """Whether the link has led to a connection, and the account can still be used."""
    return link.completed_at is not None and link.account.status == Status.ACTIVE


def start_attempt(
    *,
    token: str,
    browser: str,
    given: Mapping[str, str],
    now: datetime,
    another_account: bool = False,
) -> Departure:
    """Bind the link to ``browser`` and say where at the provider to send the person.

    Args:
        browser: the random text in this browser's cookie.
        given: what the person typed in for the toolkit's connection parameters.
        another_account: have the provider ask which account, where it knows how to.

    Raises:
        LinkUnknown, LinkExpired, LinkUsed, LinkRefused: as `find_link`; of two browsers at once
            one wins.
        AuthConfigDisabled, ManagedAppDisabled: it was switched off.
        InvalidInput: something that the toolkit needs to know is missing or cannot be right.
        ProviderUnavailable: OAuth 1 begins with a call to the provider, and it failed.
    """
    with transaction.atomic():
        link = bind(token=token, browser=browser, now=now)
        trip = _prepare(link, browser=browser, given=given, now=now)
    # A call to the provider belongs into no transaction.
    return Departure(link=link, url=_departure_url(trip, another_account=another_account))


def bind(*, token: str, browser: str, now: datetime) -> ConnectLink:
    """Bind the link to ``browser``, in the caller's transaction. Raises as `start_attempt`."""
    link = find_link(token=token, browser=browser, now=now)
    locked = ConnectLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    locked.account = link.account
    _check(locked, browser=browser, now=now)
    check_takes_connections(locked.account.auth_config)
    locked.browser_digest = digest(browser)
    locked.save(update_fields=["browser_digest"])
    _keep_language(link.account.entity)
    return locked


def _keep_language(entity: Entity) -> None:
    """Note which language the person reads, for mails, unless it is known."""
    if not entity.language:
        entity.language = get_language() or settings.LANGUAGE_CODE
        entity.save(update_fields=["language"])


def _check(link: ConnectLink, *, browser: str, now: datetime) -> None:
    if link.account.status == Status.DELETED:
        raise LinkUnknown
    check_not_refused(link)
    if link.completed_at is not None:
        raise LinkUsed(link)
    if link.expires_at <= now:
        raise LinkExpired(link)
    if not is_free_for(link, browser=browser):
        raise LinkUsed(link)


def check_not_refused(link: ConnectLink) -> None:
    """Let pass a link that nobody has ended.

    Raises:
        LinkRefused: the app said that it was opened by somebody else.
        LinkExpired: its portal was withdrawn.
    """
    if link.refused_at is None:
        return
    # A portal's links run out with it, so that nobody is told of somebody else who opened them.
    raise LinkExpired(link) if link.expires_at <= link.refused_at else LinkRefused(link)


def is_free_for(link: ConnectLink, *, browser: str) -> bool:
    """Whether no other browser has used the link."""
    return not link.browser_digest or link.browser_digest == digest(browser)


@dataclass(frozen=True, kw_only=True, repr=False)
class _Trip:
    """An attempt that begins, and the texts of it of which only digests are stored."""

    attempt: ConnectAttempt
    toolkit: Toolkit
    state: str


def _prepare(link: ConnectLink, *, browser: str, given: Mapping[str, str], now: datetime) -> _Trip:
    auth_config = link.account.auth_config
    toolkit = auth_config.catalog_entry
    parameters = from_person(toolkit, given)
    toolkit = toolkit.with_connection(parameters)
    scopes = auth_config.requested_scopes
    state = new_token()
    is_oauth2 = auth_config.scheme == Scheme.OAUTH2
    attempt = ConnectAttempt(
        project_id=link.project_id,
        link=link,
        auth_config=auth_config,
        state_digest=digest(state),
        browser_digest=digest(browser),
        nonce=new_nonce(toolkit, scopes=scopes) if is_oauth2 else "",
        expected_issuer=toolkit.issuer or "",
        redirect_uri=auth_config.redirect_uri,
        scopes=scopes,
        parameters=parameters,
        expires_at=now + ATTEMPT_LIFETIME,
    )
    attempt.code_verifier = Secret(new_token()) if is_oauth2 and toolkit.pkce else None
    attempt.save(force_insert=True)
    return _Trip(attempt=attempt, toolkit=toolkit, state=state)


def _departure_url(trip: _Trip, *, another_account: bool) -> str:
    attempt = trip.attempt
    if attempt.auth_config.scheme == Scheme.OAUTH1:
        return _oauth1_url(trip)
    return OAuth2Client.of(attempt.auth_config, trip.toolkit).authorization_url(
        redirect_uri=attempt.redirect_uri,
        scopes=attempt.scopes,
        state=trip.state,
        code_verifier=attempt.code_verifier,
        nonce=attempt.nonce,
        ui_locales=_ui_locales(attempt),
        another_account=another_account,
    )


def _ui_locales(attempt: ConnectAttempt) -> str:
    """Return the language of the page that the person left, for providers that know of it.

    English goes without saying: it is also what is spoken where no language fits, and then the
    provider may well have her own.
    """
    language = get_language() or settings.LANGUAGE_CODE
    is_openid = "openid" in attempt.scopes
    return language if is_openid and language != settings.LANGUAGE_CODE else ""


def _oauth1_url(trip: _Trip) -> str:
    """Get a request token; its secret is kept for when the person comes back.

    OAuth 1 has no state of its own, so it travels in the callback's address.
    """
    attempt = trip.attempt
    callback_url = str(add_params_to_uri(attempt.redirect_uri, [("state", trip.state)]))
    client = OAuth1Client.of(attempt.auth_config, trip.toolkit)
    request_token = client.begin(callback_url=callback_url, scopes=attempt.scopes)
    if isinstance(request_token, Refused):
        raise ProviderUnavailable(error_code=request_token.error_code)
    pair = {"token": request_token.token.reveal(), "secret": request_token.secret.reveal()}
    attempt.request_token = Secret(json.dumps(pair))
    attempt.save(update_fields=["request_token"])
    return request_token.url
