"""Imports row by row: checks, stores, reports. What is done stays, whatever comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.utils import timezone

from connections.importing.judging import Seen, Skip, accounts_of, judge
from connections.importing.report import Outcome, Tally
from connections.importing.rows import RowRefused
from connections.importing.storing import store
from integrations.database import DATABASE_AWAY, is_away, is_locked

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from connections.importing.checking import Checks, Grant
    from connections.importing.report import Report
    from connections.importing.rows import Row, Source


def import_accounts(
    *,
    source: Source,
    checks: Checks,
    report: Report,
    stop: threading.Event,
    tell: Callable[[str, int], None],
    allow_multiple: bool = False,
    dry_run: bool = False,
) -> Tally:
    """Import every row of ``source`` that can be; return how many ended how.

    Each row is a transaction of its own. Running it again passes over what was stored before.

    Args:
        allow_multiple: let a user have several accounts at a toolkit.
        dry_run: store nothing and report the same.
        stop: ends it after the row that is under way.
        tell: called with a place and a number of rows that are done.

    Raises:
        SourceRefused: the source cannot be read (any further).
        DATABASE_AWAY: the database went away.
    """
    run = _Run(source=source, checks=checks, allow_multiple=allow_multiple, dry_run=dry_run)
    tally = Tally()
    for row in source.rows():
        if stop.is_set():
            tally.stopped = True
            break
        outcome = run.take(row, now=timezone.now())
        report.write(outcome)
        tally.add(outcome)
        tell("rows", 1)
    return tally


@dataclass(kw_only=True)
class _Run:
    source: Source
    checks: Checks
    allow_multiple: bool
    dry_run: bool
    seen: Seen = field(default_factory=Seen)

    def take(self, row: Row, *, now: datetime) -> Outcome:
        """Import one row; return what came of it."""
        try:
            grant = self.checks.check(row, now=now)
            self.seen.note_owner(grant)
            done = self._try(grant) if self.dry_run else self._store(grant, now)
        except RowRefused as error:
            return _refused(row, error)
        except DatabaseError as error:
            return _refused(row, _explained(error))
        if isinstance(done, Skip):
            return Outcome(
                row=row.number,
                result="skipped",
                account_id=done.account_id,
                code=done.code,
                problem=done.problem,
            )
        return Outcome(row=row.number, result="ok", account_id=done)

    def _store(self, grant: Grant, now: datetime) -> str | Skip:
        place = self.source.place(grant.number)
        return store(grant, place=place, allow_multiple=self.allow_multiple, now=now)

    def _try(self, grant: Grant) -> str | Skip:
        present = [*accounts_of(grant), *self.seen.made_for(grant)]
        if skip := judge(grant, present, allow_multiple=self.allow_multiple):
            return skip
        self.seen.note_made(grant)
        return ""


def _refused(row: Row, error: RowRefused) -> Outcome:
    return Outcome(row=row.number, result="refused", code=error.code, problem=error.problem)


def _explained(error: DatabaseError) -> RowRefused:
    """Return what to report; raise where no other row would fare better.

    The database's own words are left out: they quote the row.
    """
    if isinstance(error, DATABASE_AWAY) and is_away(error):
        raise error
    if is_locked(error):
        return RowRefused("busy", "Somebody else has the user locked. Run it again.")
    state = getattr(error.__cause__, "sqlstate", None) or "unknown"
    return RowRefused("database_refused", f"The database did not take the row (SQLSTATE {state}).")
