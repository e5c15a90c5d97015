"""What Evergrant wrote down about attempts: the one place that knows how they are stored.

An attempt in doubt is a row with the outcome ``in_doubt``, or a row that was never completed, or,
while nobody has taken the account up again, the lease that a dead worker left on it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

if TYPE_CHECKING:
    import psycopg

STORED = "stored"
IN_DOUBT = "in_doubt"
UNFINISHED = "unfinished"
LEFT_LEASE = "left_lease"

ROWS = """
SELECT account_id AS account, generation, worker, outcome, error_code,
       extract(epoch FROM started_at)::float AS started_at,
       extract(epoch FROM finished_at)::float AS finished_at
  FROM connections_refreshattempt ORDER BY started_at
"""
LEASES = """
SELECT a.id AS account, a.lease_generation AS generation, a.lease_worker AS worker,
       '' AS outcome, '' AS error_code,
       extract(epoch FROM a.lease_started_at)::float AS started_at, NULL::float AS finished_at
  FROM connections_connectedaccount a
 WHERE a.lease_id <> '' AND a.lease_until < now() AND a.status = 'ACTIVE'
"""
KNOWS_LEASES = """
SELECT 1 FROM information_schema.columns
 WHERE table_name = 'connections_connectedaccount' AND column_name = 'lease_worker'
"""


@dataclass(kw_only=True)
class Attempt:
    """An attempt to refresh, or a row of them. Times are seconds since 1970."""

    account: str
    generation: int
    worker: str
    outcome: str
    error_code: str
    started_at: float
    finished_at: float | None

    @property
    def doubtful(self) -> bool:
        """Whether its answer was lost, as far as Evergrant knows."""
        return self.outcome in {IN_DOUBT, UNFINISHED, LEFT_LEASE}

    def ended_after(self, moment: float) -> bool:
        """Whether it had no outcome yet at that moment."""
        return self.finished_at is None or self.finished_at > moment

    @property
    def pid(self) -> int:
        """The process that made it: a worker is named host:pid, perhaps with more behind."""
        parts = self.worker.split(":")
        return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def read_attempts(connection: psycopg.Connection[Any]) -> list[Attempt]:
    """Return all attempts that are on record, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ROWS).fetchall()
        attempts = [Attempt(**row) for row in rows]
        for attempt in attempts:
            attempt.outcome = attempt.outcome or UNFINISHED
        if cursor.execute(KNOWS_LEASES).fetchone():
            left = [Attempt(**row) for row in cursor.execute(LEASES).fetchall()]
            attempts += [_left(attempt) for attempt in left]
    return attempts


def _left(attempt: Attempt) -> Attempt:
    attempt.outcome = LEFT_LEASE
    return attempt
