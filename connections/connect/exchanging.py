"""Trades what a person brought back from the provider for tokens, once, and ends the trip."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from connections.connect.completing import complete, fail
from connections.models import Reason
from integrations.models.auth_config import Scheme
from integrations.schemes import (
    Granted,
    IdentityUnavailable,
    OAuth1Client,
    OAuth2Client,
    from_redirect,
)
from integrations.schemes.error_codes import provider_error_code
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.connect.outcome import Outcome
    from connections.models import ConnectAttempt
    from integrations.schemes import Verdict


def exchange(*, attempt: ConnectAttempt, answer: Mapping[str, str], now: datetime) -> Outcome:
    """Trade the ``answer``'s code or verifier for tokens and store them, or say why not.

    Called once for each attempt: what it sends works once.
    """
    if not brings_code(attempt, answer):
        return _declined(attempt, answer.get("error", ""), now)
    trade = _trade_verifier if _is_oauth1(attempt) else _trade_code
    try:
        verdict = trade(attempt, answer)
    except IdentityUnavailable as error:
        # The way back tells no host that the code may be sent to.
        return fail(attempt=attempt, reason=Reason.EXCHANGE_FAILED, error_code=error.code, now=now)
    if isinstance(verdict, Granted):
        return complete(attempt=attempt, tokens=verdict.tokens, redirect=answer, asked_at=now)
    return fail(
        attempt=attempt, reason=Reason.EXCHANGE_FAILED, error_code=verdict.error_code, now=now
    )


def brings_code(attempt: ConnectAttempt, answer: Mapping[str, str]) -> bool:
    """Whether ``answer`` holds what can be traded for tokens; else the person or provider said no.

    Of OAuth 1, the verifier has to come with this trip's own token.
    """
    if _is_oauth1(attempt):
        return "oauth_verifier" in answer and answer.get("oauth_token") == _kept(attempt)["token"]
    return attempt.auth_config.catalog_entry.code_parameter in answer


def _declined(attempt: ConnectAttempt, error: str, now: datetime) -> Outcome:
    # OAuth 1 has no error in its redirect: who comes back without a verifier said no.
    denied = error == "access_denied" or (not error and _is_oauth1(attempt))
    reason = Reason.CONSENT_DENIED if denied else Reason.EXCHANGE_FAILED
    return fail(attempt=attempt, reason=reason, error_code=provider_error_code(error), now=now)


def _is_oauth1(attempt: ConnectAttempt) -> bool:
    return attempt.auth_config.scheme == Scheme.OAUTH1


def _trade_code(attempt: ConnectAttempt, answer: Mapping[str, str]) -> Verdict:
    toolkit = attempt.auth_config.catalog_entry
    values = {**attempt.parameters, **from_redirect(toolkit, answer)}
    client = OAuth2Client.of(attempt.auth_config, toolkit.with_connection(values))
    return client.exchange_code(
        code=Secret(answer[toolkit.code_parameter]),
        redirect_uri=attempt.redirect_uri,
        code_verifier=attempt.code_verifier,
    )


def _trade_verifier(attempt: ConnectAttempt, answer: Mapping[str, str]) -> Verdict:
    kept = _kept(attempt)
    toolkit = attempt.auth_config.catalog_entry.with_connection(attempt.parameters)
    return OAuth1Client.of(attempt.auth_config, toolkit).exchange_verifier(
        token=Secret(kept["token"]),
        token_secret=Secret(kept["secret"]),
        verifier=Secret(answer["oauth_verifier"]),
    )


def _kept(attempt: ConnectAttempt) -> dict[str, str]:
    """Return the temporary token of OAuth 1 and its secret."""
    kept: dict[str, str] = json.loads(attempt.request_token.reveal())
    return kept
