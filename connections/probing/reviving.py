"""Revives an account whose tokens were thought lost and were found, once a refresh proved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from connections.actors import WORKER
from connections.lifecycle import move
from connections.models import ConnectedAccount, Reason, Status
from connections.probing.retry import next_try
from connections.refresh.gate import known_troubles
from connections.refresh.work import store
from integrations.schemes import Granted, RefusalKind

if TYPE_CHECKING:
    from datetime import datetime

    from connections.journal import Entry
    from connections.probing.finding import Probe, Renewed
    from integrations.schemes import Refused


def finish_renewal(finding: Renewed, *, now: datetime) -> None:
    """Store what the provider said to found tokens: the account is ACTIVE again, or stays EXPIRED.

    Raises:
        DATABASE_AWAY: it may not be stored; doing it again does no harm.
    """
    answer = finding.answer
    # New tokens are stored as those of any refresh are, whatever becomes of the status.
    store([answer], troubled=known_troubles(), now=now)
    with transaction.atomic():
        account = ConnectedAccount.objects.locked(finding.probe.account_id)
        if account.status != Status.EXPIRED or account.status_reason != Reason.ROTATION_LOST:
            return
        if not isinstance(answer.verdict, Granted):
            _leave_expired(account, finding.probe, answer.verdict, now)
        elif answer.entry and account.grant_generation == answer.entry.generation + 1:
            _revive(account, answer.entry, now)


def _revive(account: ConnectedAccount, entry: Entry, now: datetime) -> None:
    move(
        account=account,
        to=Status.ACTIVE,
        reason=Reason.RECOVERED,
        actor=WORKER,
        cause="The provider accepted them",
        changes={
            "refresh_at": entry.refresh_at,
            "probe_at": entry.probe_at,
            "probe_failures": 0,
        },
        now=now,
    )


def _leave_expired(
    account: ConnectedAccount, probe: Probe, refusal: Refused, now: datetime
) -> None:
    if account.grant_generation != probe.generation:
        return
    changes: dict[str, Any] = {"probe_at": None, "probe_failures": 0}
    if refusal.kind is not RefusalKind.TERMINAL:
        failures = account.probe_failures + 1
        every = probe.auth_config.catalog_entry.probe.every_seconds
        changes = {
            "probe_failures": failures,
            "probe_at": next_try(
                failures=failures, every_seconds=every, now=now, retry_after=refusal.retry_after
            ),
        }
    ConnectedAccount.objects.filter(pk=account.pk).update(**changes)
