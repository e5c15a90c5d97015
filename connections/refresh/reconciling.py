"""Brings the database up to what the journal knows: after a kill, an outage, a failover."""

from __future__ import annotations

import time
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import structlog
from django.db.models import Case, Q, When
from django.db.models.functions import Least, Now

from connections import journal
from connections.models import ConnectedAccount, RefreshOutcome, Status, Worker
from connections.refresh.storing import store_issued
from integrations.database import DATABASE_AWAY, is_away

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from connections.journal import Entry, Orphan

log = structlog.get_logger(__name__)

BATCH = 500
# For an account that is refreshed at all: a call was cut short, and grace may be running.
_DUE_NOW = Case(When(status=Status.ACTIVE, then=Least("refresh_at", Now())), default="refresh_at")
# After so long, what could not be stored or read is tried again.
AGAIN_SECONDS: Final = 30.0
T = TypeVar("T")


class Reconciled(NamedTuple):
    """How many entries were stored that the database did not have, and how many could not be."""

    stored: int
    failed: int


def reconcile(entries: Iterable[Entry], *, now: datetime) -> Reconciled:
    """Store those of ``entries`` that the database does not have.

    Of an account's entries the newest counts: where the database forgot several generations, the
    provider takes only the last refresh token. One that cannot be stored keeps no other from it.

    Raises:
        DATABASE_AWAY: some may not be stored; doing it again does no harm.
    """
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry.account_id)
        if known is None or entry.generation > known.generation:
            newest[entry.account_id] = entry
    stored = failed = 0
    for batch in _batches(list(newest.values())):
        missing = _unsettled(batch)
        outcomes = _store(missing, now) if missing else {}
        stored += sum(outcome is RefreshOutcome.STORED for outcome in outcomes.values())
        failed += len(missing) - len(outcomes)
    if stored:
        log.warning("journal_reconciled", count=stored)
    return Reconciled(stored, failed)


def store_own(*, seconds: float, now: datetime) -> int:
    """Store what this process was answered and could not store; return how many that were.

    Args:
        seconds: answers younger than that are left to whoever got them.

    Raises:
        DATABASE_AWAY: they wait on.
    """
    entries = journal.unsettled(seconds=seconds)
    if not entries:
        return 0
    stored, _ = reconcile(entries, now=now)
    if stored:
        # They are kept for a while from when they were stored, and that is now.
        journal.renew(now)
    missing = {entry.attempt_id for entry in _unsettled(entries)}
    journal.settled({entry.attempt_id for entry in entries} - missing)
    journal.postpone(missing, seconds=AGAIN_SECONDS)
    return stored


def drain_orphans(*, now: datetime) -> int:
    """Store what dead processes of this host left in their journals, and end their leases.

    Returns how many accounts' tokens that saved.
    """
    stored = 0
    for orphan in journal.orphans():
        with orphan:
            if orphan.drained or time.monotonic() < _tried_again_at.get(orphan.owner, 0):
                continue
            saved, complete = _drain(orphan, now)
            stored += saved
            if not complete:
                _tried_again_at[orphan.owner] = time.monotonic() + AGAIN_SECONDS
    return stored


def retire_segments(*, now: datetime) -> None:
    """Remove old segments, once the database is seen to have all that they hold.

    What cannot be read, or cannot be stored, stays.
    """
    for segment in journal.removable_segments(now):
        with segment:
            try:
                if _unsettled_accounts(segment.generations()):
                    if reconcile(segment.entries(), now=now).stored:
                        segment.renew(now)
                        continue
                    if _unsettled_accounts(segment.generations()):
                        continue
                segment.remove()
            except OSError as error:
                log.warning("journal_not_retired", error=type(error).__name__, errno=error.errno)


def find_again(account_generations: Mapping[str, int], *, now: datetime) -> set[str]:
    """Store what the journal has for accounts that may lack their newest tokens; return whose.

    Where the journal cannot be read now any of them may be in there, so all are returned.

    Args:
        account_generations: the generation that each account has, by id.
    """
    entries, complete = _find(account_generations, now)
    if reconcile(entries, now=now).stored:
        _end_doubts({entry.account_id: entry.generation + 1 for entry in entries})
    return {entry.account_id for entry in entries} if complete else set(account_generations)


def find_all_again(*, now: datetime) -> bool:
    """Store all that the journal has and the database lacks; return whether all of it could be."""
    generations, complete = _readable(journal.generations())
    entries, found = _find(_unsettled_accounts(generations), now)
    return not reconcile(entries, now=now).failed and complete and found


# When an orphan that was not drained as a whole is looked at again, by its owner (monotonic).
_tried_again_at: dict[str, float] = {}


def _end_doubts(account_generations: Mapping[str, int]) -> None:
    """Note that nobody called with these generations' tokens: their leases were the caller's own.

    Storing takes a lease that it finds for somebody who has begun a call meanwhile.
    """
    wanted = (Q(pk=pk, grant_generation=number) for pk, number in account_generations.items())
    rows = ConnectedAccount.objects.filter(reduce(or_, wanted), lease_id="")
    rows.update(in_doubt_since=None)


def _drain(orphan: Orphan, now: datetime) -> tuple[int, bool]:
    """Return how many that saved, and whether nothing is left to be done."""
    entries, readable = _readable(orphan.entries())
    stored, failed = reconcile(entries, now=now)
    if stored:
        orphan.renew(now)
    if not readable:
        # Who knows whose answers are in there: all leases are left to run out.
        return stored, False
    lost = _unsettled_accounts(orphan.generations())
    if orphan.worker and not orphan.worker_lives:
        leases = ConnectedAccount.objects.filter(lease_worker=orphan.worker).exclude(pk__in=lost)
        # What is left over of the lease tells the next claim that a call was cut short.
        leases.filter(lease_until__gt=Now()).update(lease_until=Now(), refresh_at=_DUE_NOW)
        Worker.objects.filter(pk=orphan.worker).delete()
    if not failed:
        orphan.note_drained()
    return stored, not failed


def _find(account_generations: Mapping[str, int], now: datetime) -> tuple[list[Entry], bool]:
    """Return the entries that these accounts lack, and whether there can be no others."""
    try:
        found = journal.find(account_generations)
    except OSError as error:
        _tell_unreadable(error)
        return [], False
    entries = [
        entry
        for account_id, candidates in found.items()
        for entry in candidates
        if entry.generation >= account_generations[account_id]
    ]
    return entries, journal.is_readable(now)


def _readable(source: Iterable[T]) -> tuple[list[T], bool]:
    """Return what can be read, and whether that is all."""
    found: list[T] = []
    try:
        # One by one: what was read before the error counts.
        for each in source:
            found.append(each)  # noqa: PERF402
    except OSError as error:
        _tell_unreadable(error)
        return found, False
    return found, True


def _tell_unreadable(error: OSError) -> None:
    # Which file it is, `journal_damaged` says.
    log.error("journal_unreadable", error=type(error).__name__, errno=error.errno)


def _store(entries: list[Entry], now: datetime) -> dict[str, RefreshOutcome]:
    """Store ``entries``, all at once or else one by one; return the outcomes of those stored."""
    try:
        return store_issued(entries, now=now)
    except Exception as error:
        if isinstance(error, DATABASE_AWAY) and is_away(error):
            raise
        if len(entries) == 1:
            log.exception("journal_entry_not_stored", connected_account_id=entries[0].account_id)
            return {}
    outcomes: dict[str, RefreshOutcome] = {}
    for entry in entries:
        outcomes |= _store([entry], now)
    return outcomes


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
