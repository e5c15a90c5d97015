"""Puts the parts together into one list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from connections.timeline import around, bulk, history
from connections.timeline.entry import ALL_KINDS, Kind, TimelineEntry
from integrations.moments import span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from connections.models import ConnectedAccount


def _staff(
    account: ConnectedAccount, limit: int, before: str, *, all_of_it: bool = True
) -> Iterator[TimelineEntry]:
    """Yield what was done to this account, and to it among many."""
    yield from around.staff(account, limit, before, all_of_it=all_of_it)
    yield from bulk.jobs(account, limit, before, all_of_it=all_of_it)


_READERS: dict[Kind, Any] = {
    Kind.TRANSITION: history.transitions,
    Kind.REFRESH: history.refreshes,
    Kind.REVOCATION: history.revocations,
    Kind.VERIFICATION: history.verifications,
    Kind.PROOF: history.proofs,
    Kind.EVENT: around.events,
    Kind.LINK: around.links,
    Kind.USE: history.uses,
    Kind.STAFF: _staff,
}


def timeline(
    account: ConnectedAccount,
    limit: int = 50,
    *,
    before: str = "",
    kinds: Collection[Kind] = ALL_KINDS,
) -> list[TimelineEntry]:
    """Return at most ``limit`` entries of ``account``, newest first.

    Args:
        before: an entry's ``cursor``: continue with what happened before it.
        kinds: which kinds of entries; all by default. Beside changes of status, what staff did is
            told once.
    """
    readers = dict(_READERS)
    if Kind.TRANSITION in kinds:
        readers[Kind.STAFF] = partial(_staff, all_of_it=False)
    sources = (readers[kind](account, limit, before) for kind in Kind if kind in kinds)
    entries = [entry for source in sources for entry in source]
    return nlargest(limit, entries, key=lambda entry: entry.cursor)


def fold_refreshes(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """Make refreshes that succeeded one after the other a single entry.

    It has the id of the earliest, so that the timeline continues behind it.
    """
    folded: list[TimelineEntry] = []
    for entry in entries:
        if folded and _is_routine(folded[-1]) and _is_routine(entry):
            folded[-1] = _together(folded[-1], entry)
        else:
            folded.append(entry)
    return folded


def _is_routine(entry: TimelineEntry) -> bool:
    return entry.kind is Kind.REFRESH and entry.tone == "good"


def _together(later: TimelineEntry, earlier: TimelineEntry) -> TimelineEntry:
    count = later.count + earlier.count
    since = earlier.since or earlier.at
    every = span((later.at - since) / (count - 1))
    return replace(
        later,
        id=earlier.id,
        title=f"Refreshed {count:,} times",
        detail=f"about every {every}, the last time {later.detail.rpartition(' · ')[2]}",
        actor=later.actor if later.actor == earlier.actor else "Worker and app",
        count=count,
        since=since,
    )
