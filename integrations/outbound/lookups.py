"""Runs lookups of host names in threads that can be left behind, one per host at a time.

getaddrinfo cannot be interrupted, so it runs in a thread that is left behind when time is up. The
threads are daemons (a stuck one must not keep the process) and few (a broken resolver must not
fill the process with them).

Whoever wants a host that is being looked up waits for that lookup. So a host whose DNS hangs takes
one slot, however many calls are made to it, and leaves the others to the other hosts.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from integrations.outbound.errors import ConnectFailed
from integrations.outbound.metering import Meter, OutOfTime

# From a host name to addresses as text. Raises socket.gaierror.
Resolver: TypeAlias = Callable[[str], Iterable[str]]

MAX_LOOKUPS: Final = 64
# A lookup that lasts longer than any call may is stuck, and the next one might not be: it is given
# a second slot. More than that a host never takes.
STUCK_SECONDS: Final = 30.0
MAX_LOOKUPS_OF_HOST: Final = 2


class Lookup:
    """One question to the resolver, and its answer for all who wait for it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.started = time.monotonic()
        self._done = threading.Event()
        self._answer: list[str] | Exception = []

    def ask(self, resolver: Resolver) -> None:
        """Ask; those who wait go on waiting."""
        try:
            self._answer = list(resolver(self.host))
        except Exception as error:  # noqa: BLE001 - raised again in the callers' threads
            self._answer = error

    def tell(self) -> None:
        """Let those who wait have the answer."""
        self._done.set()

    def wait(self, meter: Meter) -> list[str]:
        """Return the addresses. Raises as `integrations.outbound.resolving.resolve`."""
        if not self._done.wait(meter.seconds_left()):
            raise OutOfTime
        answer = self._answer
        if isinstance(answer, socket.gaierror):
            absent = answer.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
            raise ConnectFailed("DNS", code="host_not_found" if absent else "dns_failed")
        if isinstance(answer, OSError | UnicodeError):
            raise ConnectFailed("DNS", code="dns_failed")
        if isinstance(answer, Exception):
            raise answer
        return answer


class Lookups:
    """The lookups of one process that are under way."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._changed = threading.Condition()
        self._running: list[Lookup] = []

    def find(self, host: str, *, meter: Meter) -> Lookup:
        """Return the lookup of ``host`` that is under way, or a new one where there is room.

        Raises:
            ConnectFailed: the system has no thread to give (`dns_failed`).
            OutOfTime: there was no room in time.
        """
        with self._changed:
            while (lookup := self._join(host) or self._begin(host)) is None:
                if not self._changed.wait(meter.seconds_left()):
                    raise OutOfTime
        return lookup

    def _join(self, host: str) -> Lookup | None:
        same = [lookup for lookup in self._running if lookup.host == host]
        if not same:
            return None
        stuck = time.monotonic() - same[-1].started > STUCK_SECONDS
        return None if stuck and len(same) < MAX_LOOKUPS_OF_HOST else same[-1]

    def _begin(self, host: str) -> Lookup | None:
        if len(self._running) >= MAX_LOOKUPS:
            return None
        lookup = Lookup(host)
        thread = threading.Thread(
            target=self._carry_out, args=(lookup,), name="outbound-dns", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system has no thread to give
            raise ConnectFailed("no thread for DNS", code="dns_failed") from None
        # The thread, which takes the lookup out again, cannot get the lock before this is done.
        self._running.append(lookup)
        return lookup

    def _carry_out(self, lookup: Lookup) -> None:
        try:
            lookup.ask(self._resolver)
        finally:
            # First it is taken out: who comes after an answer was told asks anew.
            with self._changed:
                self._running.remove(lookup)
                self._changed.notify_all()
            lookup.tell()
