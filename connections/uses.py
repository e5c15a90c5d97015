"""Counts how often accounts are used, and writes nothing while somebody waits for a token.

Each process counts in memory. A thread of its own writes what was counted every few seconds, for
all accounts in one statement. A process that is killed takes its last seconds with it: a use is no
event, and reading tokens must cost no write.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connection

from integrations.database import DATABASE_AWAY
from integrations.statements import as_json, run

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import AccountUse, ConnectedAccount

log = structlog.get_logger(__name__)

WRITE_SECONDS: Final = 10.0
# So many accounts are kept in memory while they cannot be written; further uses are not counted.
MOST_KEPT: Final = 100_000

# In the order of the key, so that two processes never wait for each other in a circle. Of accounts
# that are gone nothing is written.
_WRITE = """
INSERT INTO connections_accountuse AS known
    (account_id, project_id, first_at, last_at, count, day, day_count)
SELECT account.id, account.project_id, given.at, given.at, given.count,
       (given.at AT TIME ZONE 'UTC')::date, given.count
FROM jsonb_to_recordset(%(uses)s) AS given(account_id text, count bigint, at timestamptz)
JOIN connections_connectedaccount AS account ON account.id = given.account_id
ORDER BY account.id
ON CONFLICT (account_id) DO UPDATE SET
    last_at = GREATEST(known.last_at, excluded.last_at),
    count = known.count + excluded.count,
    day = GREATEST(known.day, excluded.day),
    day_count = CASE WHEN known.day = excluded.day THEN known.day_count + excluded.count
                     WHEN known.day > excluded.day THEN known.day_count
                     ELSE excluded.count END
"""


@dataclass
class _Counted:
    """What this process has counted and not written, by account: how often, and when last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    uses: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    started: bool = False


_counted = _Counted()


def note_use(account_id: str, *, now: datetime) -> None:
    """Count a use of the account."""
    with _counted.lock:
        count, _ = _counted.uses.get(account_id, (0, now))
        if count or len(_counted.uses) < MOST_KEPT:
            _counted.uses[account_id] = count + 1, now


def use_of(account: ConnectedAccount) -> AccountUse | None:
    """Return what is known of the account's uses; asks nothing where it was read with the row."""
    return getattr(account, "use", None)


def write_uses() -> int:
    """Write what was counted; return of how many accounts.

    Raises:
        DATABASE_AWAY: nothing is lost; it is written the next time.
    """
    with _counted.lock:
        taken, _counted.uses = _counted.uses, {}
    if not taken:
        return 0
    given = [{"account_id": pk, "count": n, "at": at} for pk, (n, at) in taken.items()]
    try:
        run(_WRITE, {"uses": as_json(given)})
    except DATABASE_AWAY:
        _take_back(taken)
        raise
    return len(taken)


def keep_writing() -> None:
    """Have uses written for as long as this process lives, by a thread of its own."""
    with _counted.lock:
        if _counted.started:
            return
        try:
            threading.Thread(target=_write_on, name="uses", daemon=True).start()
        except RuntimeError as error:
            log.warning("uses_not_written", error=type(error).__name__)
        else:
            _counted.started = True


def _write_on() -> None:
    while True:
        time.sleep(WRITE_SECONDS)
        try:
            write_uses()
        except DATABASE_AWAY:
            pass
        except Exception:
            log.exception("uses_not_written")
        finally:
            connection.close()


def _take_back(taken: dict[str, tuple[int, datetime]]) -> None:
    with _counted.lock:
        for account_id, (count, at) in taken.items():
            more, later = _counted.uses.get(account_id, (0, at))
            _counted.uses[account_id] = count + more, max(at, later)


def _begin_anew_in_child() -> None:
    # Threads do not survive a fork, and this lock may be held by one of them.
    global _counted  # noqa: PLW0603 - one per process
    _counted = _Counted()


os.register_at_fork(after_in_child=_begin_anew_in_child)
