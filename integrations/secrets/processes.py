"""Which keys the running processes know, as their database connections say.

A process reads its keys when it starts. Its connections carry their ids as PostgreSQL's
``application_name``, so that the database can tell who was started with which list: web servers,
workers, commands and shells alike, on any host, and nobody who is gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from integrations.secrets.keyring import key_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# PostgreSQL cuts the name off after 63 bytes.
_MOST_KEYS = 5
_NAME = re.compile(r"evergrant ([0-9a-f]{8}(?:,[0-9a-f]{8})*)(\+?)")
_QUERY = """
    SELECT application_name, coalesce(host(client_addr), ''), count(*), min(backend_start)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    GROUP BY 1, 2, backend_start IS NULL ORDER BY 4
"""


@dataclass(frozen=True, kw_only=True)
class Connections:
    """The connections of all processes at one address that were started with the same keys.

    Attributes:
        key_ids: the keys, the sealing one first; empty where there was none.
        all_told: whether these are all of its keys.
        address: the client's IP address; empty for the database's own host, or not known.
        since: when the oldest of them was made; None: not known. PostgreSQL shows neither of
            another role's connections to who has not its rights, nor ``pg_read_all_stats``.
    """

    key_ids: tuple[str, ...]
    all_told: bool
    address: str
    count: int
    since: datetime | None

    @property
    def place(self) -> str:
        """Where they come from, in words."""
        if self.since is None:
            return "an address that is not shown"
        return self.address or "the database's own host"

    @property
    def oldest(self) -> str:
        """When the oldest of them was made, in words."""
        return "not known" if self.since is None else f"{self.since:%F %T} UTC"

    def lack(self, key_id: str) -> bool:
        """Whether these processes cannot open what ``key_id`` sealed."""
        return self.all_told and key_id not in self.key_ids

    def seal_with(self, key_id: str) -> bool:
        """Whether these processes seal with ``key_id``."""
        return self.key_ids[0] == key_id


def connection_name(keys: Sequence[str]) -> str:
    """Return the ``application_name`` of a process that was started with ``keys``."""
    ids = [key_id(key) for key in keys]
    more = "+" if len(ids) > _MOST_KEYS else ""
    return f"evergrant {','.join(ids[:_MOST_KEYS])}{more}".strip()


def other_connections() -> list[Connections]:
    """Return the connections to this database but the caller's own, the oldest first.

    Others than Evergrant's processes are left out, and so are those whose name somebody else
    chose: the database URL, or a pooler that does not pass it on.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUERY)
        rows = cursor.fetchall()
    return [
        Connections(
            key_ids=tuple(named[1].split(",")),
            all_told=not named[2],
            address=address,
            count=count,
            since=since,
        )
        for name, address, count, since in rows
        if (named := _NAME.fullmatch(name))
    ]
