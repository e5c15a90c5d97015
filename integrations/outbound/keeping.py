"""Connections that are kept for a moment after an answer, for the next call to the same address.

A TLS connection costs more than everything else about a call. But a kept one may be closed by the
peer while the next request is on its way to it, and then nobody knows what became of the request.
So only calls that are made again in that case (`repeatable`) use one, and only one that

- brought an answer whose end was beyond doubt, after which the peer wanted to go on,
- has been idle for less than `IDLE_SECONDS`, which is less than any server's own limit,
- shows, directly before the request is sent, neither the peer's end nor a byte that nobody asked
  for: an answer is never taken for that of another call,
- goes to the same origin, and to an address that was vetted for this very call,
- was made with the same TLS settings, and whose certificate was checked not long ago.

They belong to one process. A thread closes those that nobody uses, and ends with the last of them.
"""

import atexit
import os
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Final

from integrations import clock
from integrations.outbound.connection import Connection
from integrations.outbound.resuming import VERIFIED_SECONDS

# gunicorn closes after 2 seconds, Node.js, uvicorn and Apache after 5, nginx after 75.
IDLE_SECONDS: Final = 1.0
MAX_KEPT: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    connection: Connection
    since: float


class Keep:
    """The kept connections of a process. Times are by `integrations.clock`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_origin: dict[str, list[_Kept]] = {}  # of each, the longest idle first
        self._closer_runs = False

    def __len__(self) -> int:
        return sum(map(len, self._by_origin.values()))

    def take(
        self,
        origin: str,
        addresses: Sequence[str],
        *,
        context: ssl.SSLContext | None,
        now: float,
    ) -> Connection | None:
        """Return one that can be written to at once; from now on it is the caller's.

        Args:
            addresses: those vetted for the call.
            context: the TLS settings of the call; None for http.
        """
        while (found := self._pop(origin, addresses, context)) is not None:
            connection = found.connection
            idle, old = now - found.since, now - connection.verified_at
            if idle < IDLE_SECONDS and old < VERIFIED_SECONDS and connection.is_quiet():
                return connection
            connection.close()
        return None

    def put(self, connection: Connection, *, now: float) -> None:
        """Keep ``connection``, whose last answer was read to its end, or close it."""
        with self._lock:
            full = len(self) >= MAX_KEPT
            if not full:
                kept = _Kept(connection=connection, since=now)
                self._by_origin.setdefault(connection.origin, []).append(kept)
            begins = not full and not self._closer_runs
            self._closer_runs = self._closer_runs or begins
        if full:
            connection.close()
        elif begins:
            self._start_closer()

    def close_idle(self, *, now: float) -> float | None:
        """Close what has been idle for too long; return in how many seconds the next one is due.

        None means that none is left, and that the thread which asks shall end.
        """
        with self._lock:
            idle = []
            for origin, those in list(self._by_origin.items()):
                count = sum(now - kept.since >= IDLE_SECONDS for kept in those)
                idle += those[:count]
                self._by_origin[origin] = those[count:]
                if not those[count:]:
                    del self._by_origin[origin]
            oldest = min((those[0].since for those in self._by_origin.values()), default=None)
            self._closer_runs = oldest is not None
        for kept in idle:
            kept.connection.close()
        return None if oldest is None else oldest + IDLE_SECONDS - now

    def close_all(self) -> None:
        """Close all that are kept."""
        with self._lock:
            by_origin, self._by_origin = self._by_origin, {}
        for those in by_origin.values():
            for kept in those:
                kept.connection.close()

    def begin_anew(self) -> None:
        """Give up, in a forked child, what is the parent's. Its peers hear nothing of it."""
        # A thread that does not exist here may hold the lock, and the one that closes is gone.
        self._lock = Lock()
        self._closer_runs = False
        self.close_all()

    def _pop(
        self, origin: str, addresses: Sequence[str], context: ssl.SSLContext | None
    ) -> _Kept | None:
        with self._lock:
            those = self._by_origin.get(origin, [])
            # The one that was used last is the least likely to be closed just now.
            for place in range(len(those) - 1, -1, -1):
                connection = those[place].connection
                if connection.address in addresses and connection.context is context:
                    return those.pop(place)
        return None

    def _start_closer(self) -> None:
        try:
            Thread(target=self._close_in_time, name="outbound-idle", daemon=True).start()
        except RuntimeError:  # the system has no thread to give, or the process ends
            with self._lock:
                self._closer_runs = False
            self.close_all()

    def _close_in_time(self) -> None:
        while (seconds := self.close_idle(now=clock.seconds())) is not None:
            time.sleep(seconds)


KEEP: Final = Keep()
atexit.register(KEEP.close_all)
os.register_at_fork(after_in_child=KEEP.begin_anew)
