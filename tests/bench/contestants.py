"""Three ways to refresh accounts in the background: Evergrant's, the bare loop, and by hand."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from cryptography.fernet import Fernet
from django.db.models import Count, Sum
from psycopg import sql

from connections.models import ConnectedAccount, Credentials
from tests.bench import bare_loop, seeding
from tests.bench.by_hand.filling import fill
from tests.bench.place import Place, ProviderProcess
from tests.bench.programs import Program, Team, start_worker
from tests.bench.provider import TOKEN_PATH, access_token, refresh_token

HEARTBEAT_SECONDS: Final = 1.5


class Contestant(Team, ABC):
    """Accounts, and processes that refresh them when they are due."""

    name: str

    def __init__(self, place: Place, provider: ProviderProcess) -> None:
        super().__init__()
        self.place = place
        self.provider = provider
        self._folder = place.folder
        self._token_url = provider.url + TOKEN_PATH.decode()

    @abstractmethod
    def fill(self, count: int) -> None:
        """Make ``count`` accounts, none of them due."""

    @abstractmethod
    def start(self, processes: int) -> None:
        """Start the processes that refresh."""

    @abstractmethod
    def make_due(self, count: int) -> None:
        """Make ``count`` accounts due at this moment; their tokens live ten minutes more."""

    @abstractmethod
    def stored(self) -> int:
        """Return how many new tokens were stored since the accounts were made."""

    @abstractmethod
    def generations(self) -> dict[str, int]:
        """Return by account how many tokens it has had, the first one included."""


class Evergrant(Contestant):
    """``manage.py refresh_due --watch``."""

    name = "evergrant"

    def fill(self, count: int) -> None:
        tenant = seeding.make_tenant(provider_url=self.provider.url)
        seeding.make_accounts(tenant=tenant, count=count, times=seeding.Times())
        self._ids = seeding.seal_credentials(tenant=tenant)
        seeding.settle()

    def start(self, processes: int) -> None:
        self.programs.append(start_worker(processes, self.place.environment, self._folder))

    def thaw(self) -> None:
        super().thaw()
        # Its processes share out a provider's limits among those whose heartbeats they see.
        time.sleep(HEARTBEAT_SECONDS)

    def make_due(self, count: int) -> None:
        now = datetime.now(UTC)
        ConnectedAccount.objects.filter(pk__in=self._ids[:count]).update(
            refreshed_at=now - timedelta(minutes=50),
            refresh_at=now,
            expires_at=now + timedelta(minutes=10),
        )

    def stored(self) -> int:
        rows = Credentials.objects.aggregate(count=Count("pk"), generations=Sum("generation"))
        return int(rows["generations"] - rows["count"])

    def generations(self) -> dict[str, int]:
        return dict(Credentials.objects.values_list("pk", "generation"))


class _Plain(Contestant):
    """What both baselines share: a table of their own, looked at through psycopg."""

    table: str
    url: str

    def stored(self) -> int:
        return int(self._rows("SELECT sum(generation - 1) FROM {}")[0][0])

    def generations(self) -> dict[str, int]:
        return {str(key): number for key, number in self._rows("SELECT id, generation FROM {}")}

    def _rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as database:
            return database.execute(sql.SQL(query).format(sql.Identifier(self.table))).fetchall()

    def _run(self, statement: LiteralString, *parameters: object) -> None:
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute(statement, parameters or None)


class BareLoop(_Plain):
    """`tests.bench.bare_loop`."""

    name = "bare_loop"
    table = "bare_account"

    def fill(self, count: int) -> None:
        self.url = self.place.environment["DATABASE_URL"]
        fernet = Fernet(self.place.environment["FIELD_ENCRYPTION_KEYS"])
        later = datetime.now(UTC) + timedelta(days=1)
        with psycopg.connect(self.url) as database:
            database.execute(bare_loop.CREATE)
            columns = "id, sealed, expires_at, refresh_at"
            with database.cursor().copy(f"COPY bare_account ({columns}) FROM STDIN") as copy:
                for number in range(count):
                    tokens = {
                        "access_token": access_token(f"b{number}", ends_at=later.timestamp()),
                        "refresh_token": refresh_token(f"b{number}"),
                    }
                    sealed = fernet.encrypt(json.dumps(tokens).encode()).decode()
                    copy.write_row((f"{number:08d}", sealed, later, later))
        self._run("VACUUM ANALYZE bare_account")

    def start(self, processes: int) -> None:
        own = self.place.environment | {"TOKEN_URL": self._token_url}
        for number in range(processes):
            command = ["-m", "tests.bench.bare_loop"]
            self.programs.append(Program(f"bare-{number}", command, own, self._folder))

    def make_due(self, count: int) -> None:
        self._run(
            "UPDATE bare_account SET refresh_at = now() "
            "WHERE id IN (SELECT id FROM bare_account ORDER BY id LIMIT %s)",
            count,
        )


class ByHand(_Plain):
    """`tests.bench.by_hand.loop`."""

    name = "by_hand"
    table = "by_hand_grant"

    def fill(self, count: int) -> None:
        self.url = self.place.by_hand_database
        fill(self.url, count=count, expires_at=datetime.now(UTC) + timedelta(days=1))

    def start(self, processes: int) -> None:
        own = self.place.by_hand_environment | {"TOKEN_URL": self._token_url}
        # Authlib sends no client secret over http unless it is told that this is a test.
        own |= {"AUTHLIB_INSECURE_TRANSPORT": "1"}
        for number in range(processes):
            command = ["-m", "tests.bench.by_hand.loop", str(number), str(processes)]
            self.programs.append(Program(f"by-hand-{number}", command, own, self._folder))

    def make_due(self, count: int) -> None:
        self._run(
            "UPDATE by_hand_grant SET expires_at = now() + interval '10 minutes' "
            "WHERE id IN (SELECT id FROM by_hand_grant ORDER BY id LIMIT %s)",
            count,
        )
