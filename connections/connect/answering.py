"""Takes in the provider's answer: once, from the browser that set out, on the right path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from connections.connect.completing import complete, fail
from connections.errors import AnswerLost, AttemptAnswered, AttemptRefused
from connections.models import ConnectAttempt, ConnectLink, Reason
from connections.taking import check_takes_connections
from integrations.database import DATABASE_AWAY
from integrations.models.auth_config import Scheme
from integrations.schemes import (
    Granted,
    IdentityUnavailable,
    OAuth1Client,
    OAuth2Client,
    from_redirect,
    is_genuine,
)
from integrations.schemes.error_codes import provider_error_code
from integrations.secrets import Secret
from integrations.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.connect.outcome import Outcome
    from integrations.schemes import Verdict


def take_answer(
    *, holder_id: str, answer: Mapping[str, str], browser: str, now: datetime
) -> Outcome:
    """Handle the provider's redirect (RFC 6749, 4.1.2).

    Args:
        holder_id: who holds the client that the provider answers to, by the path: an auth config,
            or the managed app of many.
        answer: the redirect's query: ``state`` and ``code`` or ``error``, perhaps ``iss``.
        browser: the random text in this browser's cookie; empty where it has none.

    Raises:
        AttemptAnswered: the state is unknown, too old, or was answered already.
        AttemptRefused: it belongs to another browser, client or issuer (RFC 9207), or is not
            signed as its provider signs.
        AuthConfigDisabled, ManagedAppDisabled: it was switched off meanwhile.
        AnswerLost: the database went away while the code, which works once, was used. Where it
            went away before, its own error passes: the same answer may come again.
    """
    attempt = _attempt(answer.get("state", ""))
    ours = attempt.auth_config.client_holder_id == holder_id
    if attempt.browser_digest != digest(browser) or not ours:
        raise AttemptRefused
    check_takes_connections(attempt.auth_config)
    if not _is_from_expected_issuer(attempt, answer.get("iss", "")):
        raise AttemptRefused
    if not is_genuine(attempt.auth_config, answer, parameters=attempt.parameters):
        raise AttemptRefused
    _consume(attempt, now)
    try:
        return _exchange(attempt, answer, now)
    except DATABASE_AWAY as error:
        raise AnswerLost(attempt.link) from error


def _attempt(state: str) -> ConnectAttempt:
    account = "link__account"
    related = (
        "auth_config__managed_app",
        f"{account}__entity",
        f"{account}__auth_config__managed_app",
        f"{account}__project",
    )
    attempts = ConnectAttempt.objects.select_related(*related)
    attempt = attempts.filter(state_digest=digest(state)).first()
    if attempt is None:
        raise AttemptAnswered
    return attempt


def _is_from_expected_issuer(attempt: ConnectAttempt, issuer: str) -> bool:
    """Whether the answer names the issuer that was asked (RFC 9207, 2.4).

    Where the provider is known to name it always, an answer that does not is somebody else's.
    """
    if not attempt.expected_issuer:
        return True
    if not issuer:
        return not attempt.auth_config.catalog_entry.issuer_in_response
    return issuer == attempt.expected_issuer


def _consume(attempt: ConnectAttempt, now: datetime) -> None:
    """Mark the attempt answered: of two answers at once one gets through.

    What tells them apart is asked of the row itself. A condition on a joined table would make the
    update look its rows up in a subquery, which is not asked again once the other has committed.
    """
    open_link = ConnectLink.objects.filter(pk=OuterRef("link_id"), completed_at__isnull=True)
    unanswered = ConnectAttempt.objects.filter(
        Exists(open_link), pk=attempt.pk, consumed_at__isnull=True, expires_at__gt=now
    )
    if not unanswered.update(consumed_at=now):
        raise AttemptAnswered


def _declined(attempt: ConnectAttempt, error: str, now: datetime) -> Outcome:
    # OAuth 1 has no error in its redirect: who comes back without a verifier said no.
    denied = error == "access_denied" or (not error and _is_oauth1(attempt))
    reason = Reason.CONSENT_DENIED if denied else Reason.EXCHANGE_FAILED
    return fail(attempt=attempt, reason=reason, error_code=provider_error_code(error), now=now)


def _exchange(attempt: ConnectAttempt, answer: Mapping[str, str], now: datetime) -> Outcome:
    exchange = _exchange_verifier if _is_oauth1(attempt) else _exchange_code
    try:
        verdict = exchange(attempt, answer)
    except IdentityUnavailable as error:
        # The way back tells no host that the code may be sent to.
        return fail(attempt=attempt, reason=Reason.EXCHANGE_FAILED, error_code=error.code, now=now)
    if verdict is None:
        return _declined(attempt, answer.get("error", ""), now)
    if isinstance(verdict, Granted):
        return complete(attempt=attempt, tokens=verdict.tokens, redirect=answer, asked_at=now)
    return fail(
        attempt=attempt, reason=Reason.EXCHANGE_FAILED, error_code=verdict.error_code, now=now
    )


def _is_oauth1(attempt: ConnectAttempt) -> bool:
    return attempt.auth_config.scheme == Scheme.OAUTH1


def _exchange_code(attempt: ConnectAttempt, answer: Mapping[str, str]) -> Verdict | None:
    """Trade the code for tokens; None where the provider sent none."""
    toolkit = attempt.auth_config.catalog_entry
    if toolkit.code_parameter not in answer:
        return None
    values = {**attempt.parameters, **from_redirect(toolkit, answer)}
    client = OAuth2Client.of(attempt.auth_config, toolkit.with_connection(values))
    return client.exchange_code(
        code=Secret(answer[toolkit.code_parameter]),
        redirect_uri=attempt.redirect_uri,
        code_verifier=attempt.code_verifier,
    )


def _exchange_verifier(attempt: ConnectAttempt, answer: Mapping[str, str]) -> Verdict | None:
    """Trade the verifier of OAuth 1 for tokens; None where there is none for this trip's token."""
    kept = json.loads(attempt.request_token.reveal())
    if "oauth_verifier" not in answer or answer.get("oauth_token") != kept["token"]:
        return None
    toolkit = attempt.auth_config.catalog_entry.with_connection(attempt.parameters)
    return OAuth1Client.of(attempt.auth_config, toolkit).exchange_verifier(
        token=Secret(kept["token"]),
        token_secret=Secret(kept["secret"]),
        verifier=Secret(answer["oauth_verifier"]),
    )
