"""Waits until everything has come to rest: nothing overdue, nothing leased, nothing undelivered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 1.0
# A refresh may be due for so long before somebody is to blame.
OVERDUE_SECONDS = 5.0
# Each ACTIVE account is refreshed once more, so that its stored refresh token is proven.
RESTLESS = """
SELECT
    (SELECT count(*) FROM connections_connectedaccount
      WHERE status = 'ACTIVE'
        AND (refreshed_at IS NULL OR refreshed_at < to_timestamp(%(since)s)
             OR expires_at < now() OR refresh_at IS NULL
             OR refresh_at < now() - make_interval(secs => %(overdue)s)))
  + (SELECT count(*) FROM connections_connectedaccount
      WHERE status = 'ACTIVE' AND lease_until < now())
  + (SELECT count(*) FROM webhooks_delivery WHERE status = 'pending')
"""


def settle(
    *, database_url: str, since: float, seconds: float, tick: Callable[[], None]
) -> tuple[bool, int]:
    """Wait, ``seconds`` at the most, until all is quiet; return whether it is, and what is not.

    Args:
        since: when the last fault ended, in seconds since 1970.
        tick: called while waiting.
    """
    deadline = time.monotonic() + seconds
    while True:
        with psycopg.connect(database_url) as connection:
            parameters = {"since": since, "overdue": OVERDUE_SECONDS}
            row = connection.execute(RESTLESS, parameters).fetchone()
        left = int(row[0]) if row else 0
        if left == 0 or time.monotonic() > deadline:
            return left == 0, left
        tick()
        time.sleep(PAUSE_SECONDS)
