"""From a host name to its addresses, within a deadline.

getaddrinfo cannot be interrupted, so it runs in a thread that is left behind when time is up. The
threads are daemons (a stuck one must not keep the process) and few (a broken resolver must not
fill the process with them).

An answer that led to a connection is remembered for some seconds, so that a thousand calls to one
host are not a thousand lookups. What is remembered was not vetted: whoever takes it vets it.
"""

import os
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from integrations.outbound.errors import ConnectFailed
from integrations.outbound.metering import Meter, OutOfTime

# From a host name to addresses as text. Raises socket.gaierror.
Resolver: TypeAlias = Callable[[str], Iterable[str]]
_Answer: TypeAlias = list[str] | Exception

MAX_LOOKUPS: Final = 64
REMEMBERED_SECONDS: Final = 5.0
MAX_REMEMBERED: Final = 1024


def resolve_by_system(host: str) -> list[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


_resolver: Resolver = resolve_by_system
_slots = threading.BoundedSemaphore(MAX_LOOKUPS)
# By host: until when (time.monotonic) and what. Each step on it is one operation of a dict.
_remembered: dict[str, tuple[float, tuple[str, ...]]] = {}


def _renew_slots() -> None:
    """In a forked child the parent's lookups, and the slots they hold, do not exist."""
    global _slots  # noqa: PLW0603 - process-wide state is the point
    _slots = threading.BoundedSemaphore(MAX_LOOKUPS)


os.register_at_fork(after_in_child=_renew_slots)


@contextmanager
def use_resolver(resolver: Resolver) -> Iterator[None]:
    """Resolve names by ``resolver`` in the whole process, for tests."""
    global _resolver  # noqa: PLW0603
    before, _resolver = _resolver, resolver
    _remembered.clear()
    try:
        yield
    finally:
        _resolver = before
        _remembered.clear()


def remember(host: str, addresses: Iterable[str], *, now: float) -> None:
    """Keep ``addresses``, of which one was connected to, for the calls of the next seconds.

    Args:
        now: `time.monotonic()`.
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
    slots = _slots
    if not slots.acquire(timeout=meter.seconds_left()):
        raise OutOfTime
    answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
    lookup = threading.Thread(
        target=_look_up, args=(host, _resolver, answers, slots), name="outbound-dns", daemon=True
    )
    try:
        lookup.start()
    except RuntimeError:  # the system has no thread to give
        slots.release()
        raise ConnectFailed("no thread for DNS", code="dns_failed") from None
    return _take(answers, meter)


def _look_up(
    host: str,
    resolver: Resolver,
    answers: "queue.SimpleQueue[_Answer]",
    slots: threading.BoundedSemaphore,
) -> None:
    try:
        answers.put(list(resolver(host)))
    except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
        answers.put(error)
    finally:
        slots.release()


def _take(answers: "queue.SimpleQueue[_Answer]", meter: Meter) -> list[str]:
    try:
        answer = answers.get(timeout=meter.seconds_left())
    except queue.Empty:
        raise OutOfTime from None
    if isinstance(answer, socket.gaierror):
        absent = answer.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
        raise ConnectFailed("DNS", code="host_not_found" if absent else "dns_failed")
    if isinstance(answer, OSError | UnicodeError):
        raise ConnectFailed("DNS", code="dns_failed")
    if isinstance(answer, Exception):
        raise answer
    return answer
