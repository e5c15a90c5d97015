"""Takes accounts for one worker: lease and what it is for, committed before any call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction

from connections.models import Credentials, RefreshAttempt, RefreshOutcome
from connections.refresh import queries
from connections.refresh.configs import read_configs
from connections.refresh.preparing import prepare
from connections.refresh.reconciling import find_again
from connections.workers import worker_name
from integrations import clock
from integrations.ids import new_id
from integrations.outbound import STORING_SECONDS
from integrations.secrets.field import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from connections.models import Trigger
    from integrations.models import AuthConfig

log = structlog.get_logger(__name__)

_LEASED = ("id", "lease_id", "generation", "in_doubt_since", "streak_id")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One account that this worker, and nobody else, refreshes now.

    ``ends_at`` is by `integrations.clock`: a call that is not over by then could outlast the lease.
    ``token_ended``: the access token is over by the database's clock; this process's may be wrong.
    ``in_doubt``: an earlier call with the same refresh token was cut short, so the provider may
    have answered it with tokens that nobody has.
    """

    attempt_id: str
    account_id: str
    project_id: str
    toolkit: str
    auth_config: AuthConfig
    parameters: Mapping[str, str]
    oauth_client_id: str
    redirect_uri: str
    credentials: Credentials
    trigger: Trigger
    worker: str
    started_at: datetime
    ends_at: float
    token_ended: bool
    granted_at: datetime | None
    in_doubt_since: datetime | None

    @property
    def generation(self) -> int:
        """Of the credentials that the call is made with."""
        return self.credentials.generation

    @property
    def in_doubt(self) -> bool:
        """Whether the refresh token may have been spent already."""
        return self.in_doubt_since is not None


def claim_due(
    *, limit: int, trigger: Trigger, now: datetime, limits: Mapping[str, int] | None = None
) -> list[Claim]:
    """Claim up to ``limit`` accounts whose refresh is due, the longest waiting first.

    Args:
        limits: how many to take of which auth config at the most; without it, of any.
    """
    if not prepare():
        return []
    if limits is None:
        limits = {pk: limit for pk, _ in queries.due_configs(now=now)}
    if not limits:
        return []
    began = clock.seconds()
    with transaction.atomic():
        rows = queries.select_due(limits=limits, now=now)
        claims = _take(rows[:limit], trigger=trigger, began=began, now=now)
    return _without_found_again(claims, now)


def claim_account(
    *, account_id: str, generation: int, trigger: Trigger, now: datetime
) -> Claim | None:
    """Claim one account, due or not; also one whose lost tokens were found (`connections.probing`).

    Returns None where somebody has it, where it is not ACTIVE, and where its credentials are not
    of ``generation`` any more: what the caller saw is out of date.
    """
    if not prepare():
        return None
    began = clock.seconds()
    row = queries.claim_one(
        account_id=account_id,
        generation=generation,
        lease_id=(attempt_id := new_id("ra")),
        trigger=trigger,
        worker=worker_name(),
        seconds=settings.REFRESH_LEASE_SECONDS,
        now=now,
    )
    if row is None:
        return None
    if row["lease_id"]:
        with transaction.atomic():
            rows = queries.select_one(account_id=account_id, generation=generation)
            claims = _take(rows, trigger=trigger, began=began, now=now)
    else:
        claims = _claims([row | {"lease_id": attempt_id}], trigger=trigger, began=began, now=now)
    claims = _without_found_again(claims, now)
    return claims[0] if claims else None


def _without_found_again(claims: list[Claim], now: datetime) -> list[Claim]:
    """Store what the journal has of accounts in doubt: they need no call any more."""
    doubtful = {claim.account_id: claim.generation for claim in claims if claim.in_doubt}
    if not doubtful:
        return claims
    found = find_again(doubtful, now=now)
    return [claim for claim in claims if claim.account_id not in found]


def _take(
    rows: list[dict[str, Any]], *, trigger: Trigger, began: float, now: datetime
) -> list[Claim]:
    stored = queries.select_credentials([row["id"] for row in rows]) if rows else {}
    for row in rows:
        row["generation"], row["payload"] = stored.get(row["id"], (0, None))
    rows = [row for row in rows if _holds_credentials(row)]
    if not rows:
        return []
    _write_cut_attempts(row for row in rows if row["lease_id"])
    for row in rows:
        row["in_doubt_since"] = _doubt(row)
        if row["lease_id"]:
            # The cut attempt stands in the history now: what was a row of successes has ended.
            row["streak_id"] = ""
        row["lease_id"] = new_id("ra")
    queries.lease(
        [{name: row[name] for name in _LEASED} for row in rows],
        trigger=trigger,
        worker=worker_name(),
        seconds=settings.REFRESH_LEASE_SECONDS,
        now=now,
    )
    return _claims(rows, trigger=trigger, began=began, now=now)


def _claims(
    rows: Sequence[Mapping[str, Any]], *, trigger: Trigger, began: float, now: datetime
) -> list[Claim]:
    configs = read_configs({row["auth_config_id"]: row["config_version"] for row in rows})
    # Counted from before the lease began, by a clock that goes on while the process stands still,
    # or the whole machine. Its last seconds are for storing what a call brought.
    ends_at = began + settings.REFRESH_LEASE_SECONDS - STORING_SECONDS
    return [
        _claim(row, configs[row["auth_config_id"]], trigger, ends_at=ends_at, now=now)
        for row in rows
    ]


def _holds_credentials(row: Mapping[str, Any]) -> bool:
    if row["payload"] is None:
        # Breaks an invariant, and must not keep the others waiting.
        log.error("active_without_credentials", connected_account_id=row["id"])
    return row["payload"] is not None


def _doubt(row: Mapping[str, Any]) -> datetime | None:
    """Return since when the present refresh token may be spent: a left-over lease is a sign."""
    cut = row["lease_id"] and row["lease_generation"] == row["generation"]
    since: datetime | None = row["in_doubt_since"] or (row["lease_started_at"] if cut else None)
    return since


def _write_cut_attempts(rows: Iterable[Mapping[str, Any]]) -> None:
    """Put the attempts of killed workers into the history: begun, and never ended."""
    RefreshAttempt.objects.bulk_create(
        RefreshAttempt(
            id=row["lease_id"],
            project_id=row["project_id"],
            account_id=row["id"],
            trigger=row["lease_trigger"],
            worker=row["lease_worker"],
            generation=row["lease_generation"],
            started_at=row["lease_started_at"],
            outcome=RefreshOutcome.IN_DOUBT,
        )
        for row in rows
    )


def _claim(
    row: Mapping[str, Any],
    auth_config: AuthConfig,
    trigger: Trigger,
    *,
    ends_at: float,
    now: datetime,
) -> Claim:
    return Claim(
        attempt_id=row["lease_id"],
        account_id=row["id"],
        project_id=row["project_id"],
        toolkit=row["toolkit"],
        auth_config=auth_config,
        parameters=json.loads(row["parameters"]),
        oauth_client_id=row["oauth_client_id"],
        redirect_uri=row["redirect_uri"],
        credentials=Credentials(
            account_id=row["id"],
            project_id=row["project_id"],
            generation=row["generation"],
            payload=Sealed(row["payload"]),
        ),
        trigger=trigger,
        worker=worker_name(),
        started_at=now,
        ends_at=ends_at,
        token_ended=row["token_ended"],
        granted_at=row["granted_at"],
        in_doubt_since=row["in_doubt_since"],
    )
