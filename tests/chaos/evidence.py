"""What everybody saw: the database, the providers' books, the receiver, the readers, the driver."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from tests.chaos import window
from tests.chaos.attempts import Attempt, read_attempts
from tests.chaos.marks import note_reads, read_marks

if TYPE_CHECKING:
    from tests.chaos.calls import Call
    from tests.chaos.chronicle import Deed
    from tests.chaos.families import Family
    from tests.chaos.inbox import Arrival
    from tests.chaos.journalled import Entry
    from tests.chaos.readers import Oddity
    from tests.chaos.world import World

IDS = re.compile(r"\b[a-z]{2,3}_[0-9A-Za-z]{16,}")
ACCOUNTS = """
SELECT a.id, e.user_id AS person, a.status, a.status_reason AS reason,
       coalesce(c.generation, 0) AS generation, coalesce(c.refresh_token_digest, '') AS digest,
       extract(epoch FROM a.expires_at)::float AS expires_at,
       extract(epoch FROM a.refresh_at)::float AS refresh_at,
       extract(epoch FROM a.refreshed_at)::float AS refreshed_at,
       extract(epoch FROM a.lease_until)::float AS lease_until
  FROM connections_connectedaccount a
  JOIN connections_entity e ON e.id = a.entity_id
  LEFT JOIN connections_credentials c ON c.account_id = a.id
"""
TRANSITIONS = """
SELECT t.account_id AS account, t.from_status, t.to_status, t.reason, t.event_id AS event,
       e.sequence, extract(epoch FROM t.occurred_at)::float AS at
  FROM connections_transition t JOIN webhooks_event e ON e.id = t.event_id ORDER BY e.sequence
"""
EVENTS = """
SELECT id, sequence, type, subject_id AS account, extract(epoch FROM occurred_at)::float AS at
  FROM webhooks_event ORDER BY sequence
"""


@dataclass(kw_only=True)
class Account:
    """An account as it stands at the end."""

    id: str
    person: str
    status: str
    reason: str
    generation: int
    digest: str
    expires_at: float | None
    refresh_at: float | None
    refreshed_at: float | None
    lease_until: float | None


@dataclass(kw_only=True)
class Transition:
    """A change of status."""

    account: str
    from_status: str
    to_status: str
    reason: str
    event: str
    sequence: int
    at: float


@dataclass(kw_only=True)
class Event:
    """A row of the outbox."""

    id: str
    sequence: int
    type: str
    account: str
    at: float


@dataclass(kw_only=True)
class Evidence:
    """All of it.

    Attributes:
        now: when it was collected, in seconds since 1970.
        window: a kill so many seconds after an answer was read may have come before the journal.
        journalled: the journal's entries by the digest of the issued refresh token.
    """

    now: float
    window: float
    accounts: list[Account]
    attempts: list[Attempt]
    transitions: list[Transition]
    events: list[Event]
    arrivals: list[Arrival]
    calls: list[Call]
    families: list[Family]
    oddities: list[Oddity]
    deeds: list[Deed]
    journalled: dict[str, Entry]
    errors_logged: Counter[str]

    def deeds_of(self, what: str) -> list[Deed]:
        """Return what was done of a kind, in order of time."""
        return sorted((deed for deed in self.deeds if deed.what == what), key=lambda deed: deed.at)


def collect(
    world: World,
    *,
    arrivals: list[Arrival],
    oddities: list[Oddity],
    journalled: dict[str, Entry],
    now: float,
) -> Evidence:
    """Read everything, once all is quiet."""
    with psycopg.connect(world.database.url) as connection:
        accounts = [Account(**row) for row in _rows(connection, ACCOUNTS)]
        transitions = [Transition(**row) for row in _rows(connection, TRANSITIONS)]
        events = [Event(**row) for row in _rows(connection, EVENTS)]
        attempts = read_attempts(connection)
    providers = world.providers.values()
    calls = [call for provider in providers for call in provider.calls()]
    ends = {name: at for provider in providers for name, at in provider.ends().items()}
    note_reads(calls, read_marks(world.marks_folder), ends)
    _check_marks(calls, journalled)
    return Evidence(
        now=now,
        window=window.measure(calls, journalled),
        accounts=accounts,
        attempts=attempts,
        transitions=transitions,
        events=events,
        arrivals=arrivals,
        calls=calls,
        families=[family for provider in providers for family in provider.families()],
        oddities=oddities,
        deeds=list(world.chronicle.deeds),
        journalled=journalled,
        errors_logged=_errors_logged(world),
    )


def _check_marks(calls: list[Call], journalled: dict[str, Entry]) -> None:
    """Refuse to judge where answers got to the journal that nobody is said to have read."""
    kept = [call for call in calls if call.issued_digest in journalled]
    if unmarked := [call.id for call in kept if call.read_at is None]:
        raise RuntimeError(f"no process marked that it read the answers to {unmarked[:10]}")


def _rows(connection: psycopg.Connection[Any], query: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall()


def _errors_logged(world: World) -> Counter[str]:
    """Count what Evergrant's processes logged as errors, by process kind and event."""
    counts: Counter[str] = Counter()
    for program in world.programs:
        for line in (world.folder / f"{program.name}.log").read_text(errors="replace").splitlines():
            entry = _entry(line)
            if entry.get("level") in {"error", "critical"}:
                event = IDS.sub("...", str(entry.get("event", "")))
                counts[f"{program.kind} {event}"[:100]] += 1
    return counts


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
