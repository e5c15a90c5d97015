"""Days that pass over a grant: refreshes, and looks at whether its end is to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from connections.forecast import warn_due
from connections.models import ConnectedAccount, Trigger
from connections.refresh.claim import claim_account
from connections.refresh.issued import seal
from connections.refresh.storing import store_issued
from integrations.schemes import Granted, TokenSet
from integrations.secrets import Secret
from tests.connections.proving import events_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
EXPIRING = "connected_account.expiring_soon"


def let_refresh(account: ConnectedAccount, *, now: datetime, left: timedelta | None = None) -> None:
    """Store a refresh at ``now``; the provider says how long the refresh token has ``left``."""
    account.refresh_from_db()
    claim = claim_account(
        account_id=account.pk, generation=account.grant_generation, trigger=Trigger.READ, now=now
    )
    assert claim is not None
    issued = TokenSet(
        access_token=Secret("access"),
        refresh_token=Secret("refresh"),
        expires_in=3600,
        refresh_token_expires_in=left.total_seconds() if left else None,
    )
    granted = Granted(tokens=issued, http_status=200)
    entry = seal(claim=claim, granted=granted, asked_at=now, now=now)
    store_issued([entry], now=now)


def days_told(account: ConnectedAccount) -> list[int]:
    return [event.data["days_left"] for event in events_of(account, EXPIRING)]


def watch(*, since: datetime, until: datetime) -> None:
    """Look every six hours."""
    while since <= until:
        warn_due(now=since)
        since += 6 * HOUR
