"""Folds the tallies: many rows of one kind become one that says the same.

Each fold is one statement, so it happens whole or not at all, and a reader sees the rows before it
or the row after it. Two at once do no harm: what one has taken away the other does not find.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from integrations.moments import floor
from integrations.statements import rows, run

if TYPE_CHECKING:
    from datetime import datetime

MINUTE: Final = timedelta(minutes=1)
QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# What is asked by the hour, the minute, the quarter of an hour stays as fine as that, and a little
# longer: who reads may have begun before midnight.
HOURS_KEPT: Final = timedelta(hours=26)
MINUTES_KEPT: Final = timedelta(hours=2)
QUARTERS_KEPT: Final = timedelta(hours=26)
# Of all processes one folds at a time (an advisory lock of PostgreSQL; the number is ours).
LOCK: Final = 7_238_013

_ALONE = "SELECT pg_try_advisory_xact_lock(%(lock)s)"

_FOLD_ACCOUNTS = """
WITH sorted AS (
    SELECT id, hour, bucket, count(*) OVER (
        PARTITION BY project_id, auth_config_id, status, failing, ends_on, bucket) AS alike
    FROM (SELECT *, CASE WHEN hour >= %(hours_since)s THEN hour END AS bucket
          FROM connections_accounttally) AS tally
), taken AS (
    DELETE FROM connections_accounttally AS tally USING sorted
    WHERE tally.id = sorted.id
      AND (sorted.alike > 1 OR sorted.hour IS DISTINCT FROM sorted.bucket)
    RETURNING tally.project_id, tally.auth_config_id, tally.status, tally.failing, tally.ends_on,
              sorted.bucket, tally.delta
)
INSERT INTO connections_accounttally
    (project_id, auth_config_id, status, failing, ends_on, hour, delta)
SELECT project_id, auth_config_id, status, failing, ends_on, bucket, sum(delta) FROM taken
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(delta) <> 0
"""

_FOLD_REFRESHES = """
WITH sorted AS (
    SELECT id, at, bucket, count(*) OVER (
        PARTITION BY project_id, auth_config_id, outcome, bucket) AS alike
    FROM (SELECT *, CASE WHEN at >= %(minutes_since)s THEN at
                         WHEN at >= %(quarters_since)s THEN date_bin('15 minutes', at, %(epoch)s)
                         ELSE date_bin('1 day', at, %(epoch)s) END AS bucket
          FROM connections_refreshtally) AS tally
), taken AS (
    DELETE FROM connections_refreshtally AS tally USING sorted
    WHERE tally.id = sorted.id AND (sorted.alike > 1 OR sorted.at <> sorted.bucket)
    RETURNING tally.project_id, tally.auth_config_id, sorted.bucket, tally.outcome, tally.count,
              tally.last_at
)
INSERT INTO connections_refreshtally (project_id, auth_config_id, at, outcome, count, last_at)
SELECT project_id, auth_config_id, bucket, outcome, sum(count), max(last_at) FROM taken
GROUP BY 1, 2, 3, 4
"""


def fold(*, now: datetime) -> None:
    """Fold all tallies; leave it to whoever is at it already."""
    given = {
        "hours_since": floor(now - HOURS_KEPT, HOUR),
        "minutes_since": floor(now - MINUTES_KEPT, QUARTER),
        "quarters_since": floor(now - QUARTERS_KEPT, DAY),
        "epoch": floor(now, DAY),
    }
    with transaction.atomic():
        if rows(_ALONE, {"lock": LOCK}) != [(True,)]:
            return
        run(_FOLD_ACCOUNTS, given)
        run(_FOLD_REFRESHES, given)


def recount() -> None:
    """Make up for changes of accounts that no trigger saw: rows that were loaded without them.

    Nothing of Evergrant's own writes past them. Reads every account once; nobody waits for it.
    """
    run("SELECT connections_recount_accounts()", {})
