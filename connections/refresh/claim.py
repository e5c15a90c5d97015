"""Takes accounts for one worker: lease and attempt row, committed before any call."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from connections.models import (
    ConnectedAccount,
    Credentials,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from integrations.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connections.models import Trigger
    from connections.models.connected_account import ConnectedAccountQuerySet

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One account that this worker, and nobody else, refreshes now.

    ``in_doubt``: an earlier attempt with the same refresh token was cut short, so the provider
    may have answered it with tokens that nobody has.
    """

    account: ConnectedAccount
    credentials: Credentials
    attempt: RefreshAttempt
    in_doubt: bool


def worker_name() -> str:
    """Return what names this process in attempts: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


def claim_due(*, limit: int, trigger: Trigger, now: datetime) -> list[Claim]:
    """Claim up to ``limit`` accounts whose refresh is due, the longest waiting first."""
    with transaction.atomic():
        rows = _claimable().due(now=now).order_by("refresh_at")
        return _claim(rows.select_for_update(skip_locked=True, of=("self",))[:limit], trigger, now)


def claim_account(
    *, account_id: str, generation: int, trigger: Trigger, now: datetime
) -> Claim | None:
    """Claim one account, due or not.

    Returns None where somebody has it, where it is not ACTIVE, and where its credentials are not
    of ``generation`` any more: what the caller saw is out of date.
    """
    with transaction.atomic():
        rows = (
            _claimable()
            .free()
            .filter(pk=account_id, status=Status.ACTIVE, credentials__generation=generation)
        )
        claims = _claim(rows.select_for_update(skip_locked=True, of=("self",)), trigger, now)
        return claims[0] if claims else None


def _claimable() -> ConnectedAccountQuerySet:
    return ConnectedAccount.objects.select_related("project", "entity", "auth_config")


def _claim(rows: Iterable[ConnectedAccount], trigger: Trigger, now: datetime) -> list[Claim]:
    accounts = {account.pk: account for account in rows}
    if not accounts:
        return []
    lease_id, lease = new_id("ls"), timedelta(seconds=settings.REFRESH_LEASE_SECONDS)
    ConnectedAccount.objects.filter(pk__in=accounts).update(
        lease_id=lease_id, lease_until=Now() + lease
    )
    credentials = Credentials.objects.in_bulk(list(accounts))
    doubtful = _in_doubt(credentials.values())
    claims = []
    for account in accounts.values():
        account.lease_id = lease_id
        stored = credentials.get(account.pk)
        if stored is None:
            # Breaks an invariant, and must not keep the others waiting.
            log.error("active_without_credentials", connected_account_id=account.pk)
            continue
        attempt = RefreshAttempt(
            project_id=account.project_id,
            account=account,
            trigger=trigger,
            worker=worker_name(),
            generation=stored.generation,
            refresh_token_digest=stored.refresh_token_digest,
            started_at=now,
        )
        claims.append(
            Claim(
                account=account,
                credentials=stored,
                attempt=attempt,
                in_doubt=(account.pk, stored.generation) in doubtful,
            )
        )
    RefreshAttempt.objects.bulk_create(claim.attempt for claim in claims)
    return claims


def _in_doubt(credentials: Iterable[Credentials]) -> set[tuple[str, int]]:
    """Return the (account, generation) pairs with an attempt whose answer nobody has."""
    generations = {stored.pk: stored.generation for stored in credentials}
    unanswered = Q(finished_at__isnull=True) | Q(outcome=RefreshOutcome.IN_DOUBT)
    attempts = RefreshAttempt.objects.filter(unanswered, account_id__in=generations)
    pairs = attempts.values_list("account_id", "generation")
    return {pair for pair in pairs if generations[pair[0]] == pair[1]}
