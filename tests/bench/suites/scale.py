"""The same questions to databases with ten thousand, a hundred thousand and a million accounts.

A claim is asked of the engine itself; lists, counts and the dashboard through the pages and routes
that people and apps use, in this process, and each of the dashboard's blocks by itself. The
databases take turns, so that what else happens on the machine meets them all.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from statistics import median, quantiles
from typing import Final

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest

from config.metrics import RefreshMetrics
from connections.models import ConnectedAccount, Status, Trigger
from connections.refresh.claim import claim_due
from integrations.models import Project
from tests.bench import overview, seeding
from tests.bench.figures import Figures, tell
from tests.bench.options import Options
from tests.bench.place import Place

# Projects, each with one auth config; their accounts are as many each.
TENANTS: Final = 10
CLAIMED: Final = 50
# 30-minute tokens; a fiftieth of the accounts is due, the oldest for half a minute.
TIMES: Final = seeding.Times(
    refreshed_at="now() - r * interval '1500 seconds'",
    expires_at="now() + interval '1800 seconds' - r * interval '1500 seconds'",
    refresh_at="now() + interval '1470 seconds' - r * interval '1500 seconds'",
)
# 19 of 20 are ACTIVE; one of 500 has trouble.
STATUS: Final = (
    "CASE mod(g, 20) WHEN 0 THEN (ARRAY['EXPIRED', 'INACTIVE', 'REVOKED', 'FAILED', 'INITIATED'])"
    "[1 + mod(g / 20, 5)] ELSE 'ACTIVE' END"
)
# A tenth of the grants has an end, within the next 90 days.
ENDS_AT: Final = "CASE WHEN mod(g, 10) = 3 THEN now() + r * interval '90 days' END"
FAILING_SINCE: Final = "CASE WHEN mod(g, 500) = 1 THEN now() - r * interval '1 hour' END"
CLAIMS: Final = 15
PAGES: Final = 15
BUDGET_MS: Final = 300.0

Question = Callable[["Database"], None]


class Database:
    """One of the databases, with what is needed to ask it."""

    def __init__(self, url: str, count: int) -> None:
        self.name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        self.count = count

    def use(self) -> None:
        """Make it the one that Django talks to."""
        connection.close()
        connection.settings_dict["NAME"] = self.name

    def fill(self) -> None:
        """Make its accounts and an operator."""
        changes = {"status": STATUS, "refresh_failing_since": FAILING_SINCE}
        changes["grant_ends_at"] = ENDS_AT
        for number in range(TENANTS):
            tenant = seeding.make_tenant(provider_url="http://127.0.0.1:9", number=number)
            seeding.make_accounts(
                tenant=tenant, count=self.count // TENANTS, times=TIMES, changes=changes
            )
            seeding.copy_credentials(tenant=tenant)
        overview.fill(events=self.count // 10 // TENANTS)
        seeding.settle()
        self.api_key = tenant.api_key
        operator = get_user_model().objects.create_superuser("operator")
        self.operator = Client()
        self.operator.force_login(operator)
        self.app = Client(headers={"x-api-key": self.api_key})

    def page(self, path: str) -> None:
        """Get an operator's page."""
        _get(self.operator, path)

    def answer(self, path: str) -> None:
        """Get an app's answer."""
        _get(self.app, path)


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Ask everything of every size, in turns."""
    databases = []
    for url, count in zip(place.databases, options.sizes, strict=True):
        database = Database(url, count)
        database.use()
        started = time.monotonic()
        database.fill()
        tell(f"  {count:,} accounts made in {time.monotonic() - started:.0f} s")
        databases.append(database)
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    for turn in range(max(CLAIMS, PAGES)):
        for database in databases:
            database.use()
            connection.ensure_connection()
            if turn < CLAIMS:
                times["claim", database.count] += [_claim()]
            for name, question in QUESTIONS.items() if turn < PAGES else ():
                times[name, database.count] += [_milliseconds(partial(question, database))]
    _show(times, options, figures)


def _claim() -> float:
    """Claim a batch, give it back, and return the milliseconds of the claim."""
    now = timezone.now()
    claims = []

    def claim() -> None:
        claims.extend(claim_due(limit=CLAIMED, trigger=Trigger.SCHEDULE, now=now))

    took = _milliseconds(claim)
    if len(claims) != CLAIMED:
        raise RuntimeError(f"{len(claims)} accounts were claimed, not {CLAIMED}")
    # To the end of the queue, so that the next claim finds others, and as many as this one.
    claimed = ConnectedAccount.objects.filter(refresh_at__lte=now).exclude(lease_id="")
    claimed.update(lease_id="", lease_until=None, refresh_at=now)
    return took


def _admin_list(query: str = "") -> Question:
    def ask(database: Database) -> None:
        url = reverse("admin:connections_connectedaccount_changelist")
        database.page(f"{url}?{query}")

    return ask


def _admin_list_of_first(database: Database) -> None:
    """The list of the project whose accounts are the oldest of all."""
    project = Project.objects.earliest("pk")
    _admin_list(f"project__id__exact={project.pk}")(database)


def _admin_older_page(database: Database) -> None:
    """A page from the middle of the list on."""
    middle = ConnectedAccount.objects.filter(pk__gte="ca_" + f"{TENANTS // 2:014d}").earliest("pk")
    _admin_list(f"p=after~{middle.pk}")(database)


def _api_list(database: Database) -> None:
    database.answer("/api/v1/connected_accounts")


def _api_list_of_user(database: Database) -> None:
    database.answer(f"/api/v1/connected_accounts?user_id=user-{TENANTS - 1}-7")


def _count(database: Database) -> None:
    ConnectedAccount.objects.filter(status=Status.ACTIVE).count()


def _metrics(_database: Database) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RefreshMetrics(now=timezone.now()))
    generate_latest(registry)


def _dashboard(database: Database) -> None:
    database.page(reverse("admin:index"))


def _dashboard_of_a_day(database: Database) -> None:
    database.page(f"{reverse('admin:index')}?period=day")


def _alone(make: Callable[[], None]) -> Question:
    return lambda _database: make()


QUESTIONS: Final[dict[str, Question]] = {
    "admin_list": _admin_list(),
    "admin_list_of_expired": _admin_list(f"status={Status.EXPIRED}"),
    "admin_list_of_failing": _admin_list("refreshing=failing"),
    "admin_list_of_ending": _admin_list("ends=14"),
    "admin_list_of_due": _admin_list("refreshing=due"),
    "admin_list_of_doubtful": _admin_list("refreshing=doubt"),
    "admin_list_of_reason": _admin_list("reason=grant_revoked"),
    "admin_list_of_toolkit": _admin_list("toolkit=sandbox"),
    "admin_list_of_project": _admin_list_of_first,
    "admin_older_page": _admin_older_page,
    "admin_search_id": _admin_list("q=ca_00000000000000000000000"),
    "admin_search_user": _admin_list("q=user-3-77"),
    "admin_search_identity": _admin_list("q=user77@example.com"),
    "admin_search_nobody": _admin_list("q=nobody"),
    "api_list": _api_list,
    "api_list_of_user": _api_list_of_user,
    "count": _count,
    "dashboard": _dashboard,
    "dashboard_of_a_day": _dashboard_of_a_day,
    **{name: _alone(make) for name, make in overview.blocks().items()},
    "metrics": _metrics,
}


def _get(client: Client, path: str) -> None:
    answer = client.get(path, HTTP_HOST="testserver")
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _show(times: dict[tuple[str, int], list[float]], options: Options, figures: Figures) -> None:
    least, most = options.sizes[0], options.sizes[-1]
    for name in ("claim", *QUESTIONS):
        for size in options.sizes[1:]:
            figures.compare(
                f"scale.{name}.{_short(size)}_vs_{_short(least)}",
                times[name, size],
                times[name, least],
                "ms",
            )
    for name in QUESTIONS:
        if not name.startswith(("admin_", "dashboard", "metrics")):
            continue
        tail = quantiles(times[name, most], n=20, method="inclusive")[18]
        figures.add(f"scale.{name}.{_short(most)}.p95", tail, "ms", baseline=BUDGET_MS)
    per_account = median(times["claim", most]) / CLAIMED
    figures.add(f"scale.claim.{_short(most)}.per_account", per_account, "ms")


def _short(size: int) -> str:
    for zeros, letter in ((1_000_000, "m"), (1_000, "k")):
        if size % zeros == 0:
            return f"{size // zeros}{letter}"
    return str(size)
