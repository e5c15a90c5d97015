"""A clock that stands still, and ids that follow it: the pictures are the same on every day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from unittest.mock import patch

from django.db.backends.utils import CursorWrapper

NOW: Final = datetime(2026, 11, 26, 9, 41, tzinfo=UTC)


class Clock:
    """Tells `NOW`, or for a while a time before it; rows made then have ids of then."""

    def __init__(self) -> None:
        self.now = NOW
        self._dice = random.Random(7)  # noqa: S311 - nothing of the demo is a secret
        self._last = 0

    @contextmanager
    def ago(self, **length: float) -> Iterator[datetime]:
        """Have it be so long before `NOW`: ``hours=2``."""
        before, self.now = self.now, NOW - timedelta(**length)
        try:
            yield self.now
        finally:
            self.now = before

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Have everything in this process go by this clock."""
        random.seed(7)
        with (
            patch("django.utils.timezone.now", lambda: self.now),
            patch("integrations.ids._uuid7", self._uuid7),
        ):
            yield

    def _uuid7(self) -> int:
        # Rows of one moment keep the order in which they were made.
        moment = int(self.now.timestamp() * 1000)
        self._last = self._last + 1 if moment <= self._last < moment + 1000 else moment
        chance = self._dice.getrandbits(76) & ~(0b11 << 62)
        return self._last << 80 | 7 << 76 | 0b10 << 62 | chance


def stop_the_database(cursor: CursorWrapper) -> None:
    """Have the database tell `NOW` too: functions of the names of its own, which are found first.

    They count for connections that are made afterwards.
    """
    cursor.execute("CREATE SCHEMA stopped")
    for name in ("now", "statement_timestamp", "clock_timestamp", "transaction_timestamp"):
        cursor.execute(
            f"CREATE FUNCTION stopped.{name}() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS "
            f"$$ SELECT timestamptz '{NOW.isoformat()}' $$"
        )
    cursor.execute("ALTER ROLE CURRENT_USER SET search_path = stopped, public, pg_catalog")
