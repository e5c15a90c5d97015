"""Two ways to serve a token over HTTP: Evergrant's API, and a view written by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

import psycopg

from connections.models import ConnectedAccount
from tests.bench import seeding
from tests.bench.by_hand.filling import API_KEY, fill
from tests.bench.load import Job, Load
from tests.bench.place import Place, ProviderProcess, drive
from tests.bench.programs import Team, start_web
from tests.bench.provider import TOKEN_PATH

LATER = timedelta(days=1)
LIVING = seeding.Times()
A_WHILE_AGO = timedelta(minutes=1)


class Service(Team, ABC):
    """Accounts, and web servers that hand out their tokens."""

    name: str

    def __init__(self, place: Place, provider: ProviderProcess) -> None:
        super().__init__()
        self.place = place
        self.provider = provider
        self.ports: list[int] = []
        self.paths: list[str] = []
        self.headers: dict[str, str] = {}

    @abstractmethod
    def fill(self, count: int) -> None:
        """Make ``count`` accounts whose tokens live a day."""

    @abstractmethod
    def application(self) -> tuple[str, dict[str, str]]:
        """Return the WSGI application and its environment."""

    @property
    @abstractmethod
    def threads(self) -> int:
        """How many threads each web process has."""

    @abstractmethod
    def expire(self, count: int) -> None:
        """End the tokens of the first ``count`` accounts; nobody refreshes them by itself."""

    def start(self, processes: int) -> None:
        """Start so many web servers, one process each."""
        application, environment = self.application()
        for number in range(processes):
            program, port = start_web(
                f"{self.name}-{number}",
                application,
                environment,
                self.place.folder,
                threads=self.threads,
            )
            self.programs.append(program)
            self.ports.append(port)

    def read(self, *, connections: int, count: int, seconds: float = 0, each: bool = False) -> Load:
        """Read the first ``count`` accounts' tokens over so many connections; see `Job`."""
        job = Job(
            ports=self.ports,
            connections=connections,
            paths=self.paths[:count],
            headers=self.headers,
            seconds=seconds,
            each=each,
        )
        return drive(job)


class EvergrantApi(Service):
    """``GET /api/v1/connected_accounts/{id}/credentials``."""

    name = "evergrant"

    def fill(self, count: int, *, times: seeding.Times = LIVING, number: int = 1) -> None:
        tenant = seeding.make_tenant(provider_url=self.provider.url, number=number)
        seeding.make_accounts(tenant=tenant, count=count, times=times)
        self._ids = seeding.seal_credentials(tenant=tenant)
        seeding.settle()
        self.paths = [f"/api/v1/connected_accounts/{pk}/credentials" for pk in self._ids]
        self.headers = {"x-api-key": tenant.api_key}

    def application(self) -> tuple[str, dict[str, str]]:
        return "config.wsgi:application", self.place.environment

    @property
    def threads(self) -> int:
        return self.place.threads

    def expire(self, count: int) -> None:
        past = datetime.now(UTC) - A_WHILE_AGO
        rows = ConnectedAccount.objects.filter(pk__in=self._ids[:count])
        rows.update(refreshed_at=past - LATER, expires_at=past, refresh_at=past)


class ByHandView(Service):
    """`tests.bench.by_hand.views`."""

    name = "by_hand"

    def fill(self, count: int) -> None:
        fill(self.place.by_hand_database, count=count, expires_at=datetime.now(UTC) + LATER)
        self.paths = [f"/grants/{number + 1}/credentials" for number in range(count)]
        self.headers = {"x-api-key": API_KEY}

    def application(self) -> tuple[str, dict[str, str]]:
        own = {"TOKEN_URL": self.provider.url + TOKEN_PATH.decode()}
        return "tests.bench.by_hand.wsgi:application", self.place.by_hand_environment | own

    @property
    def threads(self) -> int:
        return self.place.by_hand_threads

    def expire(self, count: int) -> None:
        with psycopg.connect(self.place.by_hand_database) as database:
            database.execute(
                "UPDATE by_hand_grant SET expires_at = %s WHERE id <= %s",
                (datetime.now(UTC) - A_WHILE_AGO, count),
            )
