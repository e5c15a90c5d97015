"""Serves a caller that needs a token now: fresh at once, or one refresh that all wait for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from connections import vault
from connections.errors import (
    AccountUnusable,
    ConnectionsError,
    NothingToRefresh,
    RefreshTimeout,
    RefreshUnavailable,
)
from connections.models import (
    ConnectedAccount,
    Credentials,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Trigger,
)
from connections.refresh.claim import claim_account
from connections.refresh.work import refresh_claimed

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.schemes import TokenSet

WAIT_SECONDS = 45.0
POLL_SECONDS = 0.05
_FAILED = (RefreshOutcome.TRANSIENT, RefreshOutcome.IN_DOUBT, RefreshOutcome.CONFIGURATION)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An account's tokens as they stand now, and which generation they are."""

    account: ConnectedAccount
    tokens: TokenSet
    generation: int


def get_credentials(
    *, account: ConnectedAccount, minimum_seconds: float = 60, wait_seconds: float = WAIT_SECONDS
) -> Grant:
    """Return the account's tokens, the access token good for ``minimum_seconds`` more.

    Where the provider's tokens live less than twice as long, half their life is asked for. One
    caller refreshes, the others wait for its result. A refresh that fails for a transient reason
    never withholds a token that still lives.

    Raises:
        AccountUnusable: the account is not ACTIVE, or was found dead.
        RefreshUnavailable: no token lives and the provider does not give a new one.
        RefreshTimeout: somebody else's refresh did not end within ``wait_seconds``.
    """
    now = timezone.now()
    account, stored = _read(account.pk)
    minimum_seconds = min(minimum_seconds, _half_life(account))
    backing_off = account.refresh_failures > 0 and (account.refresh_at or now) > now
    if account.lives_for(minimum_seconds, now=now) or _cannot_be_renewed(account, stored):
        return _grant(account, stored)
    failure: ConnectionsError = RefreshUnavailable(connected_account_id=account.pk)
    try:
        if not backing_off and _refresh(stored, Trigger.READ, now, wait_seconds):
            return _grant(*_read(account.pk))
    except RefreshTimeout as error:
        failure = error
    account, stored = _read(account.pk)
    if account.lives_for(0, now=timezone.now()):
        return _grant(account, stored)
    raise failure


def refresh_account(
    *,
    account: ConnectedAccount,
    trigger: Trigger,
    refused_generation: int | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Grant:
    """Refresh the account though its token may still live, and return the new tokens.

    Args:
        refused_generation: the generation that the provider refused. Where a newer one is stored
            already it is returned: however many callers complain, one refresh answers them all.

    Raises:
        NothingToRefresh: the provider gave no refresh token, and the token still lives.
        AccountUnusable, RefreshUnavailable, RefreshTimeout: as `get_credentials`.
    """
    account, stored = _read(account.pk)
    if refused_generation is not None and stored.generation != refused_generation:
        return _grant(account, stored)
    if _cannot_be_renewed(account, stored):
        raise NothingToRefresh(connected_account_id=account.pk)
    if _refresh(stored, trigger, timezone.now(), wait_seconds):
        return _grant(*_read(account.pk))
    raise RefreshUnavailable(connected_account_id=account.pk)


def _refresh(seen: Credentials, trigger: Trigger, began: datetime, wait_seconds: float) -> bool:
    """Get ``seen`` replaced, by this caller or another; return False where that failed."""
    deadline = time.monotonic() + wait_seconds
    while True:
        claim = claim_account(
            account_id=seen.pk, generation=seen.generation, trigger=trigger, now=timezone.now()
        )
        if claim is not None:
            refresh_claimed(claim)
        _, stored = _read(seen.pk)
        if stored.generation != seen.generation:
            return True
        if claim is not None or _somebody_failed(seen, since=began):
            return False
        if time.monotonic() >= deadline:
            raise RefreshTimeout(connected_account_id=seen.pk)
        time.sleep(POLL_SECONDS)


def _cannot_be_renewed(account: ConnectedAccount, stored: Credentials) -> bool:
    """Whether the token still lives and there is no refresh token to get another one with."""
    return not stored.refresh_token_digest and account.lives_for(0, now=timezone.now())


def _half_life(account: ConnectedAccount) -> float:
    """Return the most seconds that can be asked of this token: half of what it lives.

    A provider whose tokens live a minute cannot give one that is good for an hour; asking it on
    every read would not help.
    """
    if account.expires_at is None or account.refreshed_at is None:
        return 0.0
    return (account.expires_at - account.refreshed_at).total_seconds() / 2


def _somebody_failed(seen: Credentials, *, since: datetime) -> bool:
    attempts = RefreshAttempt.objects.filter(account_id=seen.pk, generation=seen.generation)
    return attempts.filter(finished_at__gte=since, outcome__in=_FAILED).exists()


def _read(account_id: str) -> tuple[ConnectedAccount, Credentials]:
    accounts = ConnectedAccount.objects.select_related("auth_config", "entity", "project")
    account = accounts.get(pk=account_id)
    if account.status != Status.ACTIVE:
        raise AccountUnusable(
            connected_account_id=account.pk,
            status=account.status,
            reason_code=account.status_reason,
        )
    return account, Credentials.objects.get(pk=account_id)


def _grant(account: ConnectedAccount, stored: Credentials) -> Grant:
    return Grant(account=account, tokens=vault.open_grant(stored), generation=stored.generation)
