"""Serves a caller that needs a token now: fresh at once, or one refresh that all wait for."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from connections.models import Credentials, RefreshAttempt, RefreshOutcome, Status, Trigger
from connections.probing.complaints import prove_soon
from connections.refresh import queries
from connections.refresh.claim import claim_account
from connections.refresh.flights import Flights
from connections.refresh.gate import admits, note_claim
from connections.refresh.work import refresh_claimed
from connections.uses import note_use
from integrations.errors import NotFound
from integrations.secrets.field import Sealed
from integrations.turns import turns

if TYPE_CHECKING:
    from integrations.schemes import TokenSet

WAIT_SECONDS = 45.0
# How often a caller looks whether another process is done: often at first, then less so.
SHORTEST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.2
_FAILED = (RefreshOutcome.TRANSIENT, RefreshOutcome.IN_DOUBT, RefreshOutcome.CONFIGURATION)
_flights = Flights()


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the database has of an account, as far as a reader needs it, read in one statement."""

    account_id: str
    project_id: str
    auth_config_id: str
    status: str
    status_reason: str
    expires_at: datetime | None
    refreshed_at: datetime | None
    refresh_at: datetime | None
    refresh_failures: int
    scopes: list[str]
    generation: int
    payload: str
    refresh_token_digest: str

    def lives_for(self, seconds: float, *, now: datetime) -> bool:
        """Whether the access token is good for that many seconds more."""
        return self.expires_at is None or self.expires_at > now + timedelta(seconds=seconds)

    @property
    def half_life(self) -> float:
        """The most seconds that can be asked of this token: half of what it lives.

        A provider whose tokens live a minute cannot give one that is good for an hour; asking it
        on every read would not help. Of an imported token nobody knows that before its first
        refresh.
        """
        if self.expires_at is None:
            return 0.0
        if self.refreshed_at is None:
            return math.inf
        return (self.expires_at - self.refreshed_at).total_seconds() / 2

    def cannot_be_renewed(self, *, now: datetime) -> bool:
        """Whether the token still lives and there is no refresh token to get another one with."""
        return not self.refresh_token_digest and self.lives_for(0, now=now)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An account's tokens as they stand now, and which generation they are."""

    account_id: str
    tokens: TokenSet
    generation: int
    expires_at: datetime | None
    scopes: list[str]


def get_credentials(
    *,
    account_id: str,
    project_id: str | None = None,
    minimum_seconds: float = 60,
    refused_generation: int | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Grant:
    """Return the account's tokens, the access token good for ``minimum_seconds`` more.

    Where the provider's tokens live less than twice as long, half their life is asked for. One
    caller refreshes, the others wait for its result. A refresh that fails for a transient reason
    never withholds a token that still lives.

    Args:
        project_id: whose account it has to be; None where the caller has checked that.
        refused_generation: the generation that the service answered with 401. Where it is still
            the stored one, it is refreshed first, once for however many callers complain; where
            that fails there is no token to give.

    Raises:
        NotFound: there is none of that id, or it is another project's, or was deleted.
        AccountUnusable: the account is not ACTIVE, or was found dead.
        NothingToRefresh: the refused token is all there is; the provider is asked about it soon.
        RefreshUnavailable: no token lives and the provider does not give a new one.
        RefreshTimeout: somebody else's refresh did not end within ``wait_seconds``.
    """
    now = timezone.now()
    stored = read(account_id, project_id=project_id)
    given = _serve(
        stored,
        minimum_seconds=minimum_seconds,
        refused_generation=refused_generation,
        wait_seconds=wait_seconds,
        now=now,
    )
    note_use(account_id, now=now)
    return given


def _serve(
    stored: Stored,
    *,
    minimum_seconds: float,
    refused_generation: int | None,
    wait_seconds: float,
    now: datetime,
) -> Grant:
    account_id = stored.account_id
    refused = stored.generation == refused_generation
    wanted = min(minimum_seconds, stored.half_life)
    if refused and stored.cannot_be_renewed(now=now):
        # Whether it is dead, the provider itself shall say, and soon.
        prove_soon(account_id=account_id, generation=stored.generation, now=now)
        raise NothingToRefresh(connected_account_id=account_id)
    if not refused and (stored.lives_for(wanted, now=now) or stored.cannot_be_renewed(now=now)):
        return grant(stored)
    failure: ConnectionsError = RefreshUnavailable(connected_account_id=account_id)
    backing_off = stored.refresh_failures > 0 and (stored.refresh_at or now) > now
    trigger = Trigger.FORCED if refused else Trigger.READ
    try:
        replaced = None if backing_off else _replace(stored, trigger, now, wait_seconds)
    except RefreshTimeout as error:
        failure = error
        replaced = None
    stored = replaced or read(account_id)
    if stored.generation != refused_generation and stored.lives_for(0, now=timezone.now()):
        return grant(stored)
    raise failure


def refresh_account(
    *,
    account_id: str,
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
    now = timezone.now()
    stored = read(account_id)
    if refused_generation is not None and stored.generation != refused_generation:
        return grant(stored)
    if stored.cannot_be_renewed(now=now):
        if refused_generation is not None:
            prove_soon(account_id=account_id, generation=stored.generation, now=now)
        raise NothingToRefresh(connected_account_id=account_id)
    replaced = _replace(stored, trigger, now, wait_seconds)
    if replaced is None:
        raise RefreshUnavailable(connected_account_id=account_id)
    return grant(replaced)


def read(account_id: str, *, project_id: str | None = None) -> Stored:
    """Return what is stored.

    Raises:
        NotFound: there is none of that id (in the project).
        AccountUnusable: the account is not ACTIVE.
    """
    # PostgreSQL would refuse a NUL with an error; no id holds one.
    known = "\x00" not in account_id
    row = queries.read_account(account_id=account_id, project_id=project_id) if known else None
    if row is None:
        message = f"There is no connected account {account_id!r} in this project."
        raise NotFound(message)
    if row["status"] != Status.ACTIVE:
        raise AccountUnusable(
            connected_account_id=account_id,
            status=row["status"],
            reason_code=row["status_reason"],
        )
    return Stored(**row)


def grant(stored: Stored) -> Grant:
    """Open what is stored. Raises SealBroken, KeyUnknown."""
    credentials = Credentials(
        account_id=stored.account_id,
        project_id=stored.project_id,
        generation=stored.generation,
        payload=Sealed(stored.payload),
    )
    return Grant(
        account_id=stored.account_id,
        tokens=vault.open_grant(credentials),
        generation=stored.generation,
        expires_at=stored.expires_at,
        scopes=stored.scopes,
    )


def _replace(seen: Stored, trigger: Trigger, began: datetime, wait_seconds: float) -> Stored | None:
    """Get ``seen`` replaced by tokens that live; return them, or None where that failed.

    What replaced it may be an answer that waited in the journal, and be over already: then it is
    refreshed in its turn.
    """
    for _ in range(2):
        replaced = _refresh(seen, trigger, began, wait_seconds)
        if replaced is None or replaced.lives_for(0, now=timezone.now()):
            return replaced
        if replaced.refreshed_at is not None and replaced.refreshed_at >= began:
            # Fresh, and over at once: another call brings no better one.
            return None
        seen = replaced
    return None


def _refresh(seen: Stored, trigger: Trigger, began: datetime, wait_seconds: float) -> Stored | None:
    """Get ``seen`` replaced, by this caller or another; return None where that failed.

    Of many callers in this process one asks the database; the others wait for it to be done.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with _flights.board(seen.account_id) as flight:
            if flight.is_pilot:
                return _pilot(seen, trigger, began, deadline)
            with turns.aside():
                flight.wait(deadline - time.monotonic())
        stored = read(seen.account_id)
        if stored.generation != seen.generation:
            return stored
        if _somebody_failed(seen, since=began):
            return None
        if time.monotonic() >= deadline:
            raise RefreshTimeout(connected_account_id=seen.account_id)


def _pilot(seen: Stored, trigger: Trigger, began: datetime, deadline: float) -> Stored | None:
    """Refresh, or wait for another process that does; return None where that failed."""
    pause = SHORTEST_POLL_SECONDS
    while True:
        if not admits(seen.auth_config_id):
            return None
        claim = claim_account(
            account_id=seen.account_id,
            generation=seen.generation,
            trigger=trigger,
            now=timezone.now(),
        )
        note_claim(seen.auth_config_id, claim)
        if claim is not None:
            refresh_claimed(claim)
        stored = read(seen.account_id)
        if stored.generation != seen.generation:
            return stored
        if claim is not None or _somebody_failed(seen, since=began):
            return None
        if time.monotonic() >= deadline:
            raise RefreshTimeout(connected_account_id=seen.account_id)
        with turns.aside():
            time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)


def _somebody_failed(seen: Stored, *, since: datetime) -> bool:
    attempts = RefreshAttempt.objects.filter(account_id=seen.account_id, generation=seen.generation)
    return attempts.filter(finished_at__gte=since, outcome__in=_FAILED).exists()
