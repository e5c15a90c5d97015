"""Decides how many probes may begin, for which auth config: caps, breakers, fair shares.

As `connections.refresh.gate` does for token calls. Counts are per process; limits are shared out
among the workers that live.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connections.heartbeat import live_workers
from connections.probing.endpoint import breaker_names
from connections.refresh.breakers import begin_trial, read_troubles
from integrations.catalog import UnknownToolkit
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connections.refresh.breakers import Trouble
    from integrations.catalog import Calls

MOST_SECONDS_OLD = 1.0
# A probe that has not ended by then never will: its process gave it up.
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What has to be known of one auth config."""

    endpoint: str
    client: str
    calls: Calls


class Pace:
    """One process's share of the probes that may be made. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By account: the names it counts for, and until when (monotonic).
        self._under_way: dict[str, tuple[tuple[str, str], float]] = {}
        self._troubles: dict[str, Trouble] = {}
        self._facts: dict[str, _Facts] = {}
        self._workers = 1
        self._read_at = float("-inf")

    @property
    def troubled(self) -> Iterable[str]:
        """Names of the breakers that were not at rest when last looked at."""
        return list(self._troubles)

    def begin(self, account_id: str, auth_config: AuthConfig) -> None:
        """Count a probe that begins."""
        until = time.monotonic() + LONGEST_SECONDS
        with self._lock:
            self._under_way[account_id] = breaker_names(auth_config), until

    def end(self, account_ids: Iterable[str]) -> None:
        """Count probes that ended."""
        with self._lock:
            for account_id in account_ids:
                self._under_way.pop(account_id, None)

    def shares(self, config_ids: Sequence[str], *, free: int, now: datetime) -> dict[str, int]:
        """Return how many probes of each config may begin now, at most ``free`` in all.

        A config that nobody waits for takes nothing from the others; each gets an equal share.
        """
        with self._lock:
            self._look(config_ids, now)
            taken = self._count()
            ready = [pk for pk in config_ids if pk in self._facts and self._room(pk, taken) > 0]
            shares: dict[str, int] = {}
            for number, pk in enumerate(ready):
                fair = -(-free // (len(ready) - number))
                share = self._share(pk, min(fair, self._room(pk, taken)))
                if share > 0:
                    shares[pk] = share
                    taken.update({self._facts[pk].endpoint: share})
                    free -= share
            return shares

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
                # A service that the catalog has no more can be asked nothing.
                continue
            endpoint, client = breaker_names(config)
            self._facts[config.pk] = _Facts(endpoint=endpoint, client=client, calls=calls)

    def _count(self) -> Counter[str]:
        now = time.monotonic()
        self._under_way = {pk: call for pk, call in self._under_way.items() if call[1] > now}
        return Counter(name for names, _ in self._under_way.values() for name in names)

    def _room(self, config_id: str, taken: Counter[str]) -> int:
        facts = self._facts[config_id]
        return min(
            self._part_of(facts.calls.client_concurrency) - taken[facts.client],
            self._part_of(facts.calls.endpoint_concurrency) - taken[facts.endpoint],
        )

    def _part_of(self, most: int) -> int:
        return max(most // self._workers, 1)

    def _share(self, config_id: str, share: int) -> int:
        """Return ``share``, or what open breakers leave of it: one for a trial, or nothing."""
        facts = self._facts[config_id]
        known = [(name, self._troubles.get(name)) for name in (facts.endpoint, facts.client)]
        opened = [(name, trouble) for name, trouble in known if trouble and trouble.opened]
        if share <= 0 or not opened:
            return share
        if any(trouble.waits_until for _, trouble in opened):
            return 0
        return int(all(begin_trial(name) for name, _ in opened))


pace = Pace()
