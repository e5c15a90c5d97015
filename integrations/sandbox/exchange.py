"""The protocol call in progress: the switches it runs under, and what came of it.

allauth and oauthlib call back into this package (settings, validator) without a way to pass such
values along, so they are held in a context variable for the length of one call.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.switches import Switches


@dataclass(kw_only=True)
class Exchange:
    """One call.

    Attributes:
        switches: read once, at the start of the call.
        rotate: whether a refresh answers with a new refresh token.
        outcome: what happened, where the answer alone does not tell.
    """

    switches: Switches
    rotate: bool = True
    outcome: str | None = None


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def exchanging(switches: Switches) -> Iterator[Exchange]:
    """Make a new exchange the current one."""
    exchange = Exchange(switches=switches)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)


def current_exchange() -> Exchange | None:
    """Return the call in progress, or None on a page."""
    return _current.get()


def require_exchange() -> Exchange:
    """Return the call in progress; a RuntimeError means a view forgot to open one."""
    exchange = _current.get()
    if exchange is None:
        message = "no protocol call in progress"
        raise RuntimeError(message)
    return exchange
