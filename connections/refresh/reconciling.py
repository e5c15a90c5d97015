"""Brings the database up to what the journal knows: after a kill, an outage, a failover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models.functions import Now
from django.utils import timezone

from connections import journal
from connections.models import ConnectedAccount, RefreshOutcome, Worker
from connections.refresh.storing import store_issued
from connections.workers import worker_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from connections.journal import Entry

log = structlog.get_logger(__name__)

BATCH = 500
T = TypeVar("T")


def reconcile(entries: Iterable[Entry], *, now: datetime) -> int:
    """Store those of ``entries`` that the database does not have; return how many that were.

    Of an account's entries the newest counts: where the database forgot several generations, the
    provider takes only the last refresh token.
    """
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry.account_id)
        if known is None or entry.generation > known.generation:
            newest[entry.account_id] = entry
    stored = 0
    for batch in _batches(list(newest.values())):
        missing = _unsettled(batch)
        outcomes = store_issued(missing, now=now).values() if missing else []
        stored += sum(outcome is RefreshOutcome.STORED for outcome in outcomes)
    if stored:
        log.warning("journal_reconciled", count=stored)
    return stored


def drain_orphans(*, now: datetime) -> int:
    """Store what dead processes of this host left in their journals, and end their leases.

    Returns how many accounts' tokens that saved.
    """
    stored = 0
    for orphan in journal.orphans():
        with orphan:
            if orphan.worker in _drained:
                continue
            if saved := reconcile(orphan.entries(), now=now):
                orphan.renew(now)
                stored += saved
            leases = ConnectedAccount.objects.filter(lease_worker=orphan.worker)
            # What is left over of the lease tells the next claim that a call was cut short.
            leases.filter(lease_until__gt=Now()).update(lease_until=Now())
            Worker.objects.filter(pk=orphan.worker).delete()
            _drained.add(orphan.worker)
    return stored


def retire_segments(*, now: datetime) -> None:
    """Remove old segments, once the database is seen to have all that they hold."""
    for segment in journal.removable_segments(now):
        with segment:
            if _unsettled_accounts(segment.generations()) and reconcile(segment.entries(), now=now):
                segment.renew(now)
            else:
                segment.remove()


def find_again(account_generations: Mapping[str, int], *, now: datetime) -> set[str]:
    """Store what the journal has for accounts that may lack their newest tokens; return whose.

    Args:
        account_generations: the generation that each account has, by id.
    """
    found = journal.find(account_generations)
    entries = [
        entry
        for account_id, candidates in found.items()
        for entry in candidates
        if entry.generation >= account_generations[account_id]
    ]
    reconcile(entries, now=now)
    return {entry.account_id for entry in entries}


def prepare() -> None:
    """Do what has to be done before anything is claimed.

    This process is announced, so that its end is noticed. And the server is looked at: has another
    one taken over, and did it forget commits?

    A failover to a standby that lags may lose commits that were acknowledged. It breaks every
    connection, so it is looked for when there is a new one. A process that just started cannot
    know, and looks once.
    """
    journal.announce(worker_name())
    connection.ensure_connection()
    if not _server.unchecked:
        return
    _server.unchecked = False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        mark = cursor.fetchone()
    if mark == _server.mark:
        return
    try:
        find_again(_unsettled_accounts(journal.generations()), now=timezone.now())
    except BaseException:
        _server.unchecked = True
        raise
    _server.mark = mark


class _Server:
    """Which server this process has compared its host's journal with."""

    def __init__(self) -> None:
        self.mark: tuple[Any, ...] | None = None
        self.unchecked = True


_server = _Server()
# Dead workers whose journals were drained; the files stay for as long as they are kept.
_drained: set[str] = set()


def _note_connection(**kwargs: object) -> None:
    _server.unchecked = True


connection_created.connect(_note_connection, dispatch_uid="connections.refresh.reconciling")


def _unsettled_accounts(generations: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the generation of each account that is not past what was read for it."""
    newest: dict[str, int] = {}
    for account_id, generation in generations:
        newest[account_id] = max(generation, newest.get(account_id, 0))
    unsettled: dict[str, int] = {}
    for batch in _batches(list(newest)):
        accounts = ConnectedAccount.objects.filter(pk__in=batch)
        known = accounts.values_list("pk", "grant_generation")
        unsettled |= {pk: generation for pk, generation in known if generation <= newest[pk]}
    return unsettled


def _unsettled(entries: list[Entry]) -> list[Entry]:
    accounts = ConnectedAccount.objects.filter(pk__in=[entry.account_id for entry in entries])
    generations = dict(accounts.values_list("pk", "grant_generation"))
    return [
        entry
        for entry in entries
        if entry.account_id in generations and generations[entry.account_id] <= entry.generation
    ]


def _batches(things: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
