"""How refreshing goes as a whole, told from the database, so that every process says the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from connections import heartbeat
from connections.models import Breaker
from connections.refresh.endpoints import token_breakers
from connections.refresh.queries import due_configs
from integrations.catalog import UnknownToolkit
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

# Between two watches of the job runner nobody beats for a few seconds.
NOBODY_FOR: Final = timedelta(seconds=30)


class Problem(StrEnum):
    """What is not as it should be. The first two: grants are in danger."""

    NO_WORKER = "no_worker"
    LATE = "late"
    BREAKER_OPEN = "breaker_open"
    MISCONFIGURED = "auth_config_misconfigured"
    JOURNAL = "journal_trouble"


FAILURES: Final = frozenset({Problem.NO_WORKER, Problem.LATE})


@dataclass(frozen=True, kw_only=True)
class RefreshHealth:
    """What is known of refreshing at one moment.

    Attributes:
        workers: processes that refresh.
        stalled: processes that were not seen for longer than they pause, and did not take leave.
        unseen_for: since a worker was last seen; None where none is known.
        oldest_due_at: since when the longest waiting account has been due, of those that could be
            refreshed; None where none is due.
        late_for: how long that is.
        held_back: auth configs whose due accounts wait for the provider or for an edit, or whose
            toolkit is not in the catalog any more.
        open_breakers: names of endpoints and ids of auth configs that are not called.
        misconfigured: auth configs that their provider refuses.
        journal_troubles: what keeps workers from writing their journals.
        journal_bytes: of all hosts' journals.
    """

    workers: int
    stalled: int
    unseen_for: timedelta | None
    oldest_due_at: datetime | None
    late_for: timedelta
    held_back: int
    open_breakers: tuple[str, ...]
    misconfigured: int
    journal_troubles: tuple[str, ...]
    journal_bytes: int

    @property
    def problems(self) -> list[Problem]:
        """What is not as it should be, the worst first."""
        found = {
            Problem.NO_WORKER: self.unseen_for is None or self.unseen_for > NOBODY_FOR,
            Problem.LATE: self.late_for > timedelta(seconds=settings.REFRESH_LATE_SECONDS),
            Problem.BREAKER_OPEN: bool(self.open_breakers),
            Problem.MISCONFIGURED: self.misconfigured > 0,
            Problem.JOURNAL: bool(self.journal_troubles),
        }
        return [problem for problem, there in found.items() if there]

    @property
    def failing(self) -> bool:
        """Whether grants are in danger: nobody refreshes, or too late."""
        return not FAILURES.isdisjoint(self.problems)

    @property
    def status(self) -> str:
        """``ok``; ``degraded``: somebody should look; ``failing``: grants are in danger."""
        if self.failing:
            return "failing"
        return "degraded" if self.problems else "ok"


def read_health(*, now: datetime, projects: Sequence[str] | None = None) -> RefreshHealth:
    """Return how refreshing goes. Costs a probe of an index for each auth config, and no more.

    Args:
        projects: whose accounts, auth configs and breakers are told of; None: all. Workers and
            their journals are everybody's.
    """
    workers = list(heartbeat.workers())
    heard = [worker for worker in workers if worker.unseen_for < heartbeat.JOB_KEPT]
    configs = _configs_of(projects)
    breakers = _open_breakers(configs, scoped=projects is not None)
    due = due_configs(now=now)
    held, there = _held_back(configs, [pk for pk, _ in due], breakers, now)
    oldest = min((at for pk, at in due if pk in there - held), default=None)
    return RefreshHealth(
        workers=sum(worker.unseen_for < heartbeat.LIVE for worker in workers),
        stalled=sum(worker.unseen_for >= _longest_pause(worker) for worker in workers),
        unseen_for=min((worker.unseen_for for worker in workers), default=None),
        oldest_due_at=oldest,
        late_for=now - oldest if oldest else timedelta(0),
        held_back=len(held),
        open_breakers=breakers,
        misconfigured=configs.filter(misconfigured_since__isnull=False).count(),
        journal_troubles=tuple(sorted({w.journal_trouble for w in heard} - {""})),
        journal_bytes=_journal_bytes(heard),
    )


def configs_held_back(*, now: datetime, projects: Sequence[str] | None = None) -> set[str]:
    """Return the auth configs that `read_health` counts as held back. Costs what that costs."""
    configs = _configs_of(projects)
    breakers = _open_breakers(configs, scoped=projects is not None)
    held, _ = _held_back(configs, [pk for pk, _ in due_configs(now=now)], breakers, now)
    return held


def breakers_of(config: AuthConfig) -> tuple[str, ...]:
    """Return the breakers of a config's token calls; none where its toolkit is not known."""
    try:
        return token_breakers(config)
    except UnknownToolkit:
        return ()


def _configs_of(projects: Sequence[str] | None) -> QuerySet[AuthConfig]:
    configs = AuthConfig.objects.all()
    return configs if projects is None else configs.filter(project__in=projects)


def _longest_pause(worker: Any) -> timedelta:
    return heartbeat.JOB_KEPT if worker.started_by == heartbeat.JOB else heartbeat.LIVE


def _open_breakers(configs: QuerySet[AuthConfig], *, scoped: bool) -> tuple[str, ...]:
    # Half-open counts as open: one call goes as a trial, the others wait.
    opened = Breaker.objects.filter(opened_at__isnull=False).order_by("pk")
    names = tuple(opened.values_list("pk", flat=True))
    if not scoped or not names:
        return names
    # An endpoint's name may tell who another project's customers are.
    own = {name for config in configs.select_related("managed_app") for name in breakers_of(config)}
    return tuple(name for name in names if name in own)


def _held_back(
    configs: QuerySet[AuthConfig], due: Collection[str], breakers: Collection[str], now: datetime
) -> tuple[set[str], set[str]]:
    """Return those of the due configs that are left alone on purpose, and all of them."""
    if not due:
        return set(), set()
    found = list(configs.select_related("managed_app").filter(pk__in=due))
    held = {config.pk for config in found if _is_held_back(config, breakers, now)}
    return held, {config.pk for config in found}


def _is_held_back(config: AuthConfig, breakers: Collection[str], now: datetime) -> bool:
    """Whether its client or its endpoint is left alone, or nobody knows any more where that is."""
    blocked_until = config.all_calls_blocked_until
    if config.is_refused or (blocked_until is not None and blocked_until > now):
        return True
    try:
        return not set(token_breakers(config)).isdisjoint(breakers)
    except UnknownToolkit:
        # Those who refresh log it (`toolkit_unknown`).
        return True


def _journal_bytes(workers: list[Any]) -> int:
    """Workers of one host share its journal."""
    by_host: dict[str, int] = {}
    for worker in workers:
        by_host[worker.host] = max(by_host.get(worker.host, 0), worker.journal_bytes)
    return sum(by_host.values())
