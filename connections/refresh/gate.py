"""Decides how many calls may begin, for which auth config: caps, rates, breakers, fair shares.

Counts are per process and limits are shared out among the workers that live, so that together they
keep a provider's limits. What is read from the database is at most a second old.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import structlog
from django.db.models.functions import Now
from django.utils import timezone

from connections.heartbeat import live_workers
from connections.refresh.breakers import Trouble, begin_trial, end_trials, read_troubles
from connections.refresh.endpoints import token_breakers
from integrations.catalog import UnknownToolkit
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from integrations.catalog.lifecycle import Calls

log = structlog.get_logger(__name__)

MOST_SECONDS_OLD = 1.0
# Longer than any call lasts. One that has not ended by then never will: its process gave it up.
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What the gate has to know of one auth config. ``blocked_until``: by this process's clock."""

    endpoint: str
    client: str
    calls: Calls
    misconfigured: bool
    blocked_until: datetime | None


class Gate:
    """One process's share of what may be called. May be used by several threads.

    Args:
        names: the breakers of the endpoint that is called, and of the client there. Calls are
            counted under these names too.
        as_client: whether the calls are made with the auth config's own credentials. Then none is
            made while the provider refuses these, and its calls per second are kept.
    """

    def __init__(
        self,
        *,
        names: Callable[[AuthConfig], tuple[str, str]] = token_breakers,
        as_client: bool = True,
    ) -> None:
        self._names = names
        self._as_client = as_client
        self._lock = threading.Lock()
        # By call: the names it counts for, and until when (monotonic).
        self._under_way: dict[str, tuple[tuple[str, str], float]] = {}
        self._troubles: dict[str, Trouble] = {}
        self._facts: dict[str, _Facts] = {}
        self._workers = 1
        self._read_at = float("-inf")
        self._buckets: dict[str, _Bucket] = {}
        # By auth config: the breakers whose trial was taken for a call that has not begun yet.
        self._trials: dict[str, list[str]] = {}

    @property
    def troubled(self) -> Iterable[str]:
        """Names of the breakers that were not at rest when last looked at."""
        return list(self._troubles)

    def begin(self, call_id: str, auth_config: AuthConfig) -> None:
        """Count a call that begins."""
        until = time.monotonic() + LONGEST_SECONDS
        with self._lock:
            self._under_way[call_id] = self._names(auth_config), until
            self._trials.pop(auth_config.pk, None)
            for name, rate in self._rates(auth_config.pk):
                self._bucket(name, rate).take()

    def end(self, call_ids: Iterable[str]) -> None:
        """Count calls that ended."""
        with self._lock:
            for call_id in call_ids:
                self._under_way.pop(call_id, None)

    def give_back(self, config_id: str) -> None:
        """Let somebody else have the trial that was taken for a call which nobody makes now."""
        with self._lock:
            taken = self._trials.pop(config_id, [])
        if taken:
            end_trials(taken)

    def keep(self, config_id: str) -> None:
        """Take note that the call is made for which a trial may have been taken."""
        with self._lock:
            self._trials.pop(config_id, None)

    def shares(self, config_ids: Sequence[str], *, free: int, now: datetime) -> dict[str, int]:
        """Return how many calls of each config may begin now, at most ``free`` in all.

        A config that nobody waits for takes nothing from the others; each gets an equal share.
        """
        with self._lock:
            self._look(config_ids, now)
            taken = self._count()
            open_to = [pk for pk in config_ids if self._room(pk, taken, now) > 0]
            shares: dict[str, int] = {}
            for number, pk in enumerate(open_to):
                fair = -(-free // (len(open_to) - number))
                share = self._share(pk, min(fair, self._room(pk, taken, now)))
                if share > 0:
                    shares[pk] = share
                    taken[self._facts[pk].endpoint] += share
                    taken[self._facts[pk].client] += share
                    free -= share
            return shares

    def admits(self, config_id: str, *, now: datetime) -> bool:
        """Whether one call of a config, wanted by somebody who waits, may begin now."""
        with self._lock:
            self._look([config_id], now)
            return not self._is_blocked(config_id, now) and self._share(config_id, 1) > 0

    def _look(self, config_ids: Iterable[str], now: datetime) -> None:
        if time.monotonic() - self._read_at > MOST_SECONDS_OLD:
            self._troubles = read_troubles()
            self._workers = max(live_workers(), 1)
            self._facts.clear()
            self._read_at = time.monotonic()
        missing = [pk for pk in config_ids if pk not in self._facts]
        rows: QuerySet[Any] = AuthConfig.objects.select_related("managed_app")
        rows = rows.filter(pk__in=missing).annotate(read_at=Now())
        for config in rows if missing else ():
            try:
                calls = config.catalog_entry.calls
            except UnknownToolkit:
                log.error(  # noqa: TRY400 - the type says it all
                    "toolkit_unknown", auth_config_id=config.pk, toolkit=config.toolkit
                )
                continue
            endpoint, client = self._names(config)
            self._facts[config.pk] = _Facts(
                endpoint=endpoint,
                client=client,
                calls=calls,
                misconfigured=self._as_client and config.is_refused,
                blocked_until=_blocked_until(config, now) if self._as_client else None,
            )

    def _count(self) -> Counter[str]:
        now = time.monotonic()
        self._under_way = {pk: call for pk, call in self._under_way.items() if call[1] > now}
        return Counter(name for names, _ in self._under_way.values() for name in names)

    def _is_blocked(self, config_id: str, now: datetime) -> bool:
        facts = self._facts.get(config_id)
        return facts is None or (facts.blocked_until is not None and facts.blocked_until > now)

    def _room(self, config_id: str, taken: Counter[str], now: datetime) -> int:
        """Return how many more calls the limits of the config and of its endpoint allow."""
        if self._is_blocked(config_id, now):
            return 0
        facts = self._facts[config_id]
        most = 1 if facts.misconfigured else self._part_of(facts.calls.client_concurrency)
        at_endpoint = max(
            other.calls.endpoint_concurrency
            for other in self._facts.values()
            if other.endpoint == facts.endpoint
        )
        room = min(most - taken[facts.client], self._part_of(at_endpoint) - taken[facts.endpoint])
        for name, rate in self._rates(config_id):
            room = min(room, self._bucket(name, rate).level())
        return room

    def _part_of(self, most: int) -> int:
        return max(most // self._workers, 1)

    def _rates(self, config_id: str) -> Iterable[tuple[str, float]]:
        facts = self._facts.get(config_id)
        if facts is None or not self._as_client:
            return
        if facts.calls.client_per_second is not None:
            yield facts.client, facts.calls.client_per_second
        if facts.calls.endpoint_per_second is not None:
            yield facts.endpoint, facts.calls.endpoint_per_second

    def _bucket(self, name: str, rate: float) -> _Bucket:
        bucket = self._buckets.setdefault(name, _Bucket())
        bucket.rate = rate / self._workers
        return bucket

    def _share(self, config_id: str, share: int) -> int:
        """Return ``share``, or what open breakers leave of it: one for a trial, or nothing."""
        facts = self._facts[config_id]
        known = {name: self._troubles.get(name) for name in (facts.endpoint, facts.client)}
        opened = {name: trouble for name, trouble in known.items() if trouble and trouble.opened}
        if share <= 0 or not opened:
            return share
        if any(trouble.waits_until for trouble in opened.values()):
            return 0
        taken = list(takewhile(begin_trial, opened))
        if len(taken) < len(opened):
            end_trials(taken)
            return 0
        self._trials[config_id] = taken
        return 1


def _blocked_until(config: Any, now: datetime) -> datetime | None:
    """Return when the block that was read is over by this process's clock, which may be wrong."""
    until: datetime | None = config.all_calls_blocked_until
    return until and now + (until - config.read_at)


class _Bucket:
    """Calls per second, up to one second's worth (at least one) saved up."""

    def __init__(self) -> None:
        self.rate = 1.0
        self._level: float | None = None
        self._seen_at = time.monotonic()

    def level(self) -> int:
        now = time.monotonic()
        most = max(self.rate, 1.0)
        saved = most if self._level is None else self._level
        self._level = min(saved + (now - self._seen_at) * self.rate, most)
        self._seen_at = now
        return int(self._level)

    def take(self) -> None:
        self._level = self.level() - 1.0


_readers_gate = Gate()


def admits(config_id: str) -> bool:
    """Whether a reader in this process may have the token endpoint called now.

    It takes no part in caps and rates: somebody waits for it.
    """
    return _readers_gate.admits(config_id, now=timezone.now())


def note_claim(config_id: str, claim: object | None) -> None:
    """Take note of what somebody who was admitted claimed; without a claim there is no call."""
    if claim is None:
        _readers_gate.give_back(config_id)
    else:
        _readers_gate.keep(config_id)


def known_troubles() -> list[str]:
    """Return the breakers not at rest when a reader of this process last looked."""
    return list(_readers_gate.troubled)
