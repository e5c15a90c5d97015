"""Deletes old rows a few at a time: short transactions, bounded work, one process at a time.

Ids begin with the time of their making (`integrations.ids`), so what is old is a range of the
primary key. A policy walks its range from the oldest row on and remembers how far it came: rows
that have to stay are looked at once in a walk, not in every round.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from integrations.ids import IdField, id_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

BATCH: Final = 1000
# A round ends after that: the process has grants to refresh.
ROUND_SECONDS: Final = 0.5
# Between two walks through the same range.
REST_SECONDS: Final = 3600.0
# Of all processes one prunes at a time (an advisory lock of PostgreSQL; the number is ours).
LOCK: Final = 7_238_011


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may be forgotten of one table.

    Attributes:
        name: of what it is, for the log.
        rows: those that nobody needs any more once they are old.
        before: what was made then or later is not old.
    """

    name: str
    rows: QuerySet[Any]
    before: datetime

    @property
    def old(self) -> QuerySet[Any]:
        """All rows that are old, needed or not."""
        model = self.rows.model
        key = model._meta.pk
        if not isinstance(key, IdField):
            raise TypeError(f"The ids of {model._meta.label} do not tell its rows' age.")
        rows: QuerySet[Any] = model._default_manager.all()  # noqa: SLF001 - Django's name for it
        return rows.filter(pk__lt=id_at(key.prefix, self.before))


class Pruning:
    """One process's way through the tables."""

    def __init__(self) -> None:
        # By policy: the last id that was looked at, and until when a walk that came to its end
        # is not begun again.
        self._reached: dict[str, str] = {}
        self._rests: dict[str, float] = {}

    def run(self, policies: Sequence[Policy], *, limit: int) -> dict[str, int]:
        """Delete up to about ``limit`` rows; return how many of what.

        Rows that refer to one of them go too, or forget it, as their models say. Ends at once
        where another process prunes.
        """
        deleted = {policy.name: 0 for policy in policies}
        ends = time.monotonic() + ROUND_SECONDS
        walking = [p for p in policies if self._rests.get(p.name, 0.0) <= time.monotonic()]
        while walking:
            # In turn, so that none waits for the longest.
            policy = walking.pop(0)
            with transaction.atomic():
                if not _alone():
                    break
                ids = self._next_ids(policy)
                deleted[policy.name] += _delete(policy, ids)
            if ids:
                self._reached[policy.name] = ids[-1]
                walking.append(policy)
            else:
                self._reached.pop(policy.name, None)
                self._rests[policy.name] = time.monotonic() + REST_SECONDS
            if sum(deleted.values()) >= limit or time.monotonic() >= ends:
                break
        return deleted

    def _next_ids(self, policy: Policy) -> list[str]:
        rows = policy.old.filter(pk__gt=self._reached.get(policy.name, ""))
        return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _delete(policy: Policy, ids: list[str]) -> int:
    """Return how many of the rows were no longer needed."""
    _, deleted = policy.rows.filter(pk__in=ids).delete()
    return deleted.get(policy.rows.model._meta.label, 0)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
