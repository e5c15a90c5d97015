"""``GET /metrics``: what Prometheus scrapes, read from the database at that moment.

Every web process gives the same answer, and no process has to be asked for its own numbers.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from connections import heartbeat
from connections.health import read_health
from connections.models import (
    AccountTally,
    Breaker,
    ConnectedAccount,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Transition,
)
from integrations.counting import count_rows
from integrations.ids import id_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.http import HttpRequest
    from prometheus_client.metrics_core import Metric

# Attempts and ends of grants are counted over that time up to the scrape.
RECENT: Final = timedelta(minutes=5)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics in Prometheus' text format to whoever has the token. Raises Http404."""
    given = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not constant_time_compare(given, wanted):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RefreshMetrics(now=timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class RefreshMetrics(Collector):
    """The state of refreshing at one moment."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not read the database to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from _health(self._now)
        yield from _workers()
        yield from _accounts()
        yield from _recent(self._now)


def _health(now: datetime) -> Iterator[Metric]:
    health = read_health(now=now)
    endpoints = sum("://" in name for name in health.open_breakers)
    yield _gauge("refresh_healthy", "1 while /healthz/refresh answers 200.", not health.failing)
    yield _gauge("refresh_workers", "Processes that refresh.", health.workers)
    yield _gauge(
        "refresh_oldest_due_seconds",
        "Age of the longest waiting account that is due and not held back.",
        health.late_for.total_seconds(),
    )
    yield _gauge(
        "refresh_held_back_auth_configs",
        "Auth configs whose due accounts wait for the provider or for an edit.",
        health.held_back,
    )
    yield _gauge(
        "auth_configs_misconfigured", "Auth configs that providers refuse.", health.misconfigured
    )
    breakers = GaugeMetricFamily(
        "evergrant_refresh_breakers_open", "Breakers that keep calls back.", labels=["of"]
    )
    breakers.add_metric(["endpoint"], endpoints)
    breakers.add_metric(["auth_config"], len(health.open_breakers) - endpoints)
    yield breakers
    yield _gauge(
        "refusals_doubted",
        "Endpoints and auth configs that refuse so many grants that it is not believed.",
        Breaker.objects.doubted().count(),
    )
    yield _gauge("journal_bytes", "Size of all hosts' journals.", health.journal_bytes)
    yield _gauge(
        "journal_trouble",
        "1 while a worker cannot write its journal.",
        bool(health.journal_troubles),
    )


def _workers() -> Iterator[Metric]:
    under_way = GaugeMetricFamily(
        "evergrant_refresh_calls_under_way", "Calls of one worker.", labels=["worker"]
    )
    done = CounterMetricFamily(
        "evergrant_refreshes",
        "Refreshes that one worker has ended, since it began its watch.",
        labels=["worker", "outcome"],
    )
    for worker in heartbeat.workers():
        if worker.unseen_for < heartbeat.JOB_KEPT:
            under_way.add_metric([worker.name], worker.under_way)
            done.add_metric([worker.name, "stored"], worker.refreshed)
            done.add_metric([worker.name, "failed"], worker.failed)
    yield under_way
    yield done


def _accounts() -> Iterator[Metric]:
    accounts = GaugeMetricFamily(
        "evergrant_connected_accounts", "Accounts by status.", labels=["status"]
    )
    rows = AccountTally.objects.order_by().values_list("status", "failing")
    told = {(status, failing): sum_ for status, failing, sum_ in rows.annotate(sum=Sum("delta"))}
    for status in Status:
        number = sum(told.get((status, failing), 0) for failing in (True, False))
        accounts.add_metric([status.lower()], number)
    yield accounts
    active = ConnectedAccount.objects.filter(status=Status.ACTIVE)
    yield _gauge(
        "connected_accounts_in_doubt",
        "Active accounts with a refresh that may have been answered unheard.",
        count_rows(active.filter(in_doubt_since__isnull=False)).number,
    )
    yield _gauge(
        "connected_accounts_refresh_failing",
        "Active accounts whose last refreshes failed.",
        told.get((Status.ACTIVE, True), 0),
    )


def _recent(now: datetime) -> Iterator[Metric]:
    since = now - RECENT
    rows = RefreshAttempt.objects.filter(pk__gte=id_at("ra", since)).order_by()
    outcomes = Counter(dict(rows.values_list("outcome").annotate(count=Count("pk"))))
    attempts = GaugeMetricFamily(
        "evergrant_refresh_attempts_recent",
        "Rows that the history of refreshes got in the last five minutes; a row of successes "
        "counts once.",
        labels=["outcome"],
    )
    for outcome in RefreshOutcome:
        attempts.add_metric([outcome], outcomes[outcome])
    yield attempts
    deaths = Transition.objects.filter(
        pk__gte=id_at("tr", since), from_status=Status.ACTIVE, to_status=Status.EXPIRED
    )
    reasons = dict(deaths.order_by().values_list("reason").annotate(count=Count("pk")))
    ended = GaugeMetricFamily(
        "evergrant_grants_ended_recent",
        "Active accounts that expired in the last five minutes. rotation_lost is our doing, "
        "grant_revoked somebody's wish.",
        labels=["reason"],
    )
    for reason in (Reason.GRANT_REVOKED, Reason.ROTATION_LOST):
        reasons.setdefault(reason, 0)
    for reason, count in sorted(reasons.items()):
        ended.add_metric([reason], count)
    yield ended


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"evergrant_{name}", text, value=value)
