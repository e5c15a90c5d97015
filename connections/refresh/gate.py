"""Decides how many calls may begin, for which auth config: caps, rates, breakers, fair shares.

Counts are per process and limits are shared out among the workers that live, so that together they
keep a provider's limits. What is read from the database is at most a second old.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.utils import timezone

from connections.heartbeat import live_workers
from connections.refresh.breakers import Trouble, begin_trial, endpoint_of, read_troubles
from integrations.catalog import UnknownToolkit
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from integrations.catalog.lifecycle import Calls

log = structlog.get_logger(__name__)

MOST_SECONDS_OLD = 1.0


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What the gate has to know of one auth config."""

    endpoint: str
    calls: Calls
    misconfigured: bool
    blocked_until: datetime | None


class Gate:
    """One process's share of what may be called."""

    def __init__(self) -> None:
        self.under_way: Counter[str] = Counter()
        self._troubles: dict[str, Trouble] = {}
        self._facts: dict[str, _Facts] = {}
        self._workers = 1
        self._read_at = float("-inf")
        self._buckets: dict[str, _Bucket] = {}

    @property
    def troubled(self) -> Iterable[str]:
        """Names of the breakers that were not at rest when last looked at."""
        return self._troubles.keys()

    def begin(self, auth_config: AuthConfig) -> None:
        """Count a call that begins."""
        self.under_way[auth_config.pk] += 1
        self.under_way[endpoint_of(auth_config)] += 1
        for name, rate in self._rates(auth_config.pk):
            self._bucket(name, rate).take()

    def end(self, auth_config: AuthConfig) -> None:
        """Count a call that ended."""
        self.under_way[auth_config.pk] -= 1
        self.under_way[endpoint_of(auth_config)] -= 1

    def shares(self, config_ids: Sequence[str], *, free: int, now: datetime) -> dict[str, int]:
        """Return how many calls of each config may begin now, ``free`` or a few more in all.

        A config that nobody waits for takes nothing from the others; each gets an equal share.
        """
        self._look(config_ids, now)
        open_to = [pk for pk in config_ids if self._room(pk, now) > 0]
        shares: dict[str, int] = {}
        taken: Counter[str] = Counter()
        for number, pk in enumerate(open_to):
            endpoint = self._facts[pk].endpoint
            fair = -(-(free - sum(shares.values())) // (len(open_to) - number))
            share = min(fair, self._room(pk, now), self._room_at(endpoint) - taken[endpoint])
            if share > 0 and self._passes_breakers(pk, endpoint):
                share = 1 if self._on_trial(pk, endpoint) else share
                shares[pk] = share
                taken[endpoint] += share
        return shares

    def admits(self, config_id: str, *, now: datetime) -> bool:
        """Whether one call of a config, wanted by somebody who waits, may begin now."""
        self._look([config_id], now)
        facts = self._facts.get(config_id)
        if facts is None or (facts.blocked_until is not None and facts.blocked_until > now):
            return False
        return self._passes_breakers(config_id, facts.endpoint)

    def _look(self, config_ids: Iterable[str], now: datetime) -> None:
        if time.monotonic() - self._read_at > MOST_SECONDS_OLD:
            self._troubles = read_troubles(now=now)
            self._workers = max(live_workers(), 1)
            self._facts.clear()
            self._read_at = time.monotonic()
        missing = [pk for pk in config_ids if pk not in self._facts]
        for config in AuthConfig.objects.filter(pk__in=missing) if missing else ():
            try:
                calls = config.catalog_entry.calls
            except UnknownToolkit:
                log.error(  # noqa: TRY400 - the type says it all
                    "toolkit_unknown", auth_config_id=config.pk, toolkit=config.toolkit
                )
                continue
            self._facts[config.pk] = _Facts(
                endpoint=endpoint_of(config),
                calls=calls,
                misconfigured=config.misconfigured_since is not None,
                blocked_until=config.calls_blocked_until,
            )

    def _room(self, config_id: str, now: datetime) -> int:
        """Return how many more calls the config's own limits allow."""
        facts = self._facts.get(config_id)
        if facts is None or (facts.blocked_until is not None and facts.blocked_until > now):
            return 0
        most = 1 if facts.misconfigured else self._share_of(facts.calls.client_concurrency)
        room = most - self.under_way[config_id]
        for name, rate in self._rates(config_id):
            room = min(room, self._bucket(name, rate).level())
        return room

    def _room_at(self, endpoint: str) -> int:
        most = max(
            facts.calls.endpoint_concurrency
            for facts in self._facts.values()
            if facts.endpoint == endpoint
        )
        return self._share_of(most) - self.under_way[endpoint]

    def _share_of(self, most: int) -> int:
        return max(most // self._workers, 1)

    def _rates(self, config_id: str) -> Iterable[tuple[str, float]]:
        facts = self._facts.get(config_id)
        if facts is None:
            return
        if facts.calls.client_per_second is not None:
            yield config_id, facts.calls.client_per_second
        if facts.calls.endpoint_per_second is not None:
            yield facts.endpoint, facts.calls.endpoint_per_second

    def _bucket(self, name: str, rate: float) -> _Bucket:
        bucket = self._buckets.setdefault(name, _Bucket())
        bucket.rate = rate / self._workers
        return bucket

    def _on_trial(self, *names: str) -> bool:
        return any(name in self._troubles and self._troubles[name].opened for name in names)

    def _passes_breakers(self, *names: str) -> bool:
        opened = [name for name in names if self._on_trial(name)]
        if any(self._troubles[name].waits_until for name in opened):
            return False
        return all(begin_trial(name) for name in opened)


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
_readers_lock = threading.Lock()


def admits(config_id: str) -> bool:
    """Whether a reader in this process may have the token endpoint called now.

    It takes no part in caps and rates: somebody waits for it.
    """
    with _readers_lock:
        return _readers_gate.admits(config_id, now=timezone.now())


def known_troubles() -> list[str]:
    """Return the breakers not at rest when a reader of this process last looked."""
    with _readers_lock:
        return list(_readers_gate.troubled)
