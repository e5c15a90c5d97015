"""Turns a provider's tokens into what the journal keeps and the database stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connections import vault
from connections.journal import Entry
from connections.schedule import plan

if TYPE_CHECKING:
    from datetime import datetime

    from connections.refresh.claim import Claim
    from integrations.schemes import Granted


def seal(*, claim: Claim, granted: Granted, asked_at: datetime, now: datetime) -> Entry:
    """Return the entry for the tokens that ``claim``'s call brought, sealed once.

    Lifetimes are counted from ``asked_at``, before the call: no token must be thought to outlive
    its end.

    They are sealed for the generation after the claim's, so the same text goes into the journal
    and into the account's credentials.
    """
    tokens = granted.tokens
    if tokens.refresh_token is None:
        # No new refresh token means: keep the old one (RFC 6749, 6).
        old = vault.open_grant(claim.credentials).refresh_token
        tokens = replace(tokens, refresh_token=old)
    times = plan(
        tokens=tokens, auth_config=claim.auth_config, granted_at=claim.granted_at, now=asked_at
    )
    return Entry(
        attempt_id=claim.attempt_id,
        account_id=claim.account_id,
        project_id=claim.project_id,
        generation=claim.generation,
        payload=vault.seal_following(credentials=claim.credentials, tokens=tokens),
        refresh_token_digest=vault.refresh_token_digest(tokens),
        trigger=claim.trigger,
        worker=claim.worker,
        http_status=granted.http_status,
        started_at=claim.started_at,
        obtained_at=now,
        expires_at=times.expires_at,
        refresh_at=times.refresh_at,
        probe_at=times.probe_at,
        grant_ends_at=times.grant_ends_at,
        scopes=tokens.scopes,
    )
