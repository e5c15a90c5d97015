"""From a host name to its addresses, within a deadline.

An answer that led to a connection is remembered for some seconds, so that a thousand calls to one
host are not a thousand lookups. What is remembered was not vetted: whoever takes it vets it.
"""

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from integrations.outbound.lookups import Lookups, Resolver
from integrations.outbound.metering import Meter

REMEMBERED_SECONDS: Final = 5.0
MAX_REMEMBERED: Final = 1024


def resolve_by_system(host: str) -> list[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


_resolver: Resolver = resolve_by_system
_lookups = Lookups(_resolver)
# By host: until when (`integrations.clock`) and what. Each step on it is one operation of a dict.
_remembered: dict[str, tuple[float, tuple[str, ...]]] = {}


def _use(resolver: Resolver) -> None:
    """Begin anew with ``resolver``; lookups under way go on for those who wait for them."""
    global _resolver, _lookups
    _resolver, _lookups = resolver, Lookups(resolver)
    _remembered.clear()


def _begin_anew_in_child() -> None:
    """In a forked child the parent's lookups, and the slots they hold, do not exist."""
    global _lookups  # noqa: PLW0603
    _lookups = Lookups(_resolver)


os.register_at_fork(after_in_child=_begin_anew_in_child)


@contextmanager
def use_resolver(resolver: Resolver) -> Iterator[None]:
    """Resolve names by ``resolver`` in the whole process, for tests."""
    before = _resolver
    _use(resolver)
    try:
        yield
    finally:
        _use(before)


def remember(host: str, addresses: Iterable[str], *, now: float) -> None:
    """Keep ``addresses``, of which one was connected to, for the calls of the next seconds.

    Args:
        now: by `integrations.clock`.
    """
    if host not in _remembered:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        _remembered[host] = (now + REMEMBERED_SECONDS, tuple(addresses))


def recall(host: str, *, now: float) -> tuple[str, ...] | None:
    """Return what `remember` kept of ``host``, if that is not too long ago."""
    until, addresses = _remembered.get(host, (now, ()))
    if now < until:
        return addresses
    forget(host)
    return None


def forget(host: str) -> None:
    """Ask for ``host`` anew at the next call: its addresses did not serve."""
    _remembered.pop(host, None)


def resolve(host: str, *, meter: Meter) -> list[str]:
    """Return the addresses of ``host``, in the resolver's order.

    Raises:
        ConnectFailed: there are none (`host_not_found`), or nobody could tell (`dns_failed`).
        OutOfTime: no answer came in time.
    """
    return _lookups.find(host, meter=meter).wait(meter)
