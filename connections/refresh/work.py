"""Makes the call for a claim, outside any transaction, and has its outcome stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from django.utils import timezone

from connections import vault
from connections.refresh.outcome import store_outcome
from integrations.schemes import Granted, OAuth2Client, RefusalKind, Refused
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from datetime import datetime

    from connections.refresh.claim import Claim
    from integrations.schemes import Verdict

log = structlog.get_logger(__name__)


def refresh_claimed(claim: Claim) -> None:
    """Refresh one claimed account and store what came of it."""
    store(claim=claim, verdict=call_provider(claim), now=timezone.now())


def store(*, claim: Claim, verdict: Verdict, now: datetime) -> None:
    """Store what the provider said about ``claim``, and log how it ended."""
    outcome = store_outcome(claim=claim, verdict=verdict, now=now)
    log.info(
        "refresh",
        connected_account_id=claim.account.pk,
        toolkit=claim.account.toolkit,
        trigger=claim.attempt.trigger,
        outcome=outcome,
        error_code=claim.attempt.error_code,
    )


def call_provider(claim: Claim) -> Verdict:
    """Make the call, once. Touches no database and never raises: what happens is a verdict."""
    try:
        return _call(claim)
    except SealingError as error:
        # A wrong key is our trouble, not the grant's: no call, nothing written over, an alarm.
        code = type(error).__name__
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", connected_account_id=claim.account.pk, error=code
        )
        return Refused(kind=RefusalKind.TRANSIENT, error_code="credentials_do_not_open")
    except Exception:
        # Nobody knows whether the request went out, so the refresh token may be spent.
        log.exception("refresh_crashed", connected_account_id=claim.account.pk)
        return Refused(
            kind=RefusalKind.TRANSIENT, error_code="internal_error", outcome_unknown=True
        )


def _call(claim: Claim) -> Verdict:
    tokens = vault.open_grant(claim.credentials)
    if tokens.refresh_token is None:
        lives = claim.account.lives_for(0, now=timezone.now())
        kind = RefusalKind.TRANSIENT if lives else RefusalKind.TERMINAL
        return Refused(kind=kind, error_code="", reason="token_expired")
    client = OAuth2Client.of(claim.account.auth_config)
    verdict = client.refresh(refresh_token=tokens.refresh_token)
    if isinstance(verdict, Granted):
        # No new refresh token means: keep the old one (RFC 6749, 6).
        return replace(verdict, tokens=verdict.tokens.carrying_over(tokens.refresh_token))
    return verdict
