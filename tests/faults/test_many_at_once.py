"""Many callers, tasks that come twice, and a herd of expiries (faults.md 11, 24)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Credentials, Entity, RefreshAttempt, Status
from integrations.models import AuthConfig
from tests.bench.seeding import Times, make_accounts, make_tenant, seal_credentials
from tests.faults.processes import Gate, StartWorker, doubled, until
from tests.faults.rotating import RotatingProvider
from tests.making import initiate, store_grant

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNTS = 40
HERD, REFRESHED = 10_000, 1_500
LIFETIME = 3600


@pytest.fixture
def accounts(auth_config: AuthConfig) -> int:
    """Have accounts that are due, each with tokens of its own; give how many."""
    for number in range(ACCOUNTS):
        entity = Entity.objects.create(project=auth_config.project, user_id=f"user-{number}")
        account = initiate(auth_config=auth_config, entity=entity)
        store_grant(account, now=timezone.now(), number=number)
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    return ACCOUNTS


@pytest.mark.fault(11)
def test_a_task_that_comes_twice_finds_nothing_to_do(
    accounts: int, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    gate = Gate()
    provider.before_answering = gate.hold
    first = start_worker("--no-color")
    until(lambda: len(provider.token_calls()) >= accounts)
    provider.before_answering = lambda: None
    # Once more while its calls are under way, and once more when they are done.
    assert start_worker("--no-color").exit_code() == 0
    gate.opened.set()
    assert first.exit_code() == 0
    assert start_worker("--no-color").exit_code() == 0
    assert len(provider.presented()) == accounts
    assert doubled(provider.presented()) == []
    assert not Credentials.objects.exclude(generation=2).exists()


@pytest.mark.fault(11)
def test_sweepers_that_begin_together_share_the_work(
    accounts: int, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    sweepers = [start_worker("--no-color") for _ in range(3)]
    assert [sweeper.exit_code() for sweeper in sweepers] == [0, 0, 0]
    assert len(provider.presented()) == accounts
    assert doubled(provider.presented()) == []
    assert RefreshAttempt.objects.count() == accounts


class Gauge:
    """Counts calls that are under way at a provider, and remembers the most there were."""

    def __init__(self, provider: RotatingProvider) -> None:
        self.most = 0
        self._provider = provider
        self._lock = threading.Lock()

    def read(self) -> None:
        with self._lock:
            under_way = len(self._provider.calls) - self._provider.answered
            self.most = max(self.most, under_way)


@pytest.mark.fault(24)
def test_a_herd_of_expiries_becomes_no_herd_of_calls_nor_of_later_expiries(
    provider: RotatingProvider, start_worker: StartWorker
) -> None:
    tenant = make_tenant(provider_url=provider.url)
    make_accounts(tenant=tenant, count=HERD, times=Times(refresh_at="now() - interval '1 minute'"))
    seal_credentials(tenant=tenant)
    gauge, gate = Gauge(provider), Gate()
    provider.expires_in = LIFETIME

    def hold() -> None:
        gate.hold()
        gauge.read()

    provider.before_answering = hold
    cap = tenant.auth_config.catalog_entry.calls.client_concurrency
    worker = start_worker()
    until(lambda: len(provider.token_calls()) >= cap)
    # More is due, and nothing has come back: the cap is reached.
    gate.opened.set()
    until(lambda: Credentials.objects.filter(generation=2).count() >= REFRESHED)
    worker.ask_to_stop()
    assert worker.exit_code() == 0
    assert gauge.most == cap
    assert doubled(provider.presented()) == []
    assert_spread()


def assert_spread() -> None:
    """The next refreshes are due after 60 to 80 % of a lifetime, and not in one minute."""
    done = ConnectedAccount.objects.filter(grant_generation=2, status=Status.ACTIVE)
    waits = [
        (due - at).total_seconds()  # type: ignore[operator]
        for due, at in done.values_list("refresh_at", "refreshed_at")
    ]
    assert len(waits) >= REFRESHED
    assert 0.59 * LIFETIME <= min(waits) < max(waits) <= 0.81 * LIFETIME
    by_minute = Counter(int(wait // 60) for wait in waits)
    assert max(by_minute.values()) < len(waits) / 4
