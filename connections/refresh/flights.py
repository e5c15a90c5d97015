"""Lets one thread of this process do what many threads want at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class Flight:
    """One caller's seat: the pilot does the work, the others wait until it is done."""

    is_pilot: bool
    landed: threading.Event

    def wait(self, seconds: float) -> None:
        """Wait until the pilot is done, ``seconds`` at the most."""
        self.landed.wait(max(seconds, 0.0))


class Flights:
    """Flights under way in this process, by account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    @contextmanager
    def board(self, account_id: str) -> Iterator[Flight]:
        """Join the account's flight, or begin it; a pilot's leaving ends it."""
        with self._lock:
            landed = self._under_way.get(account_id)
            is_pilot = landed is None
            if landed is None:
                landed = self._under_way[account_id] = threading.Event()
        try:
            yield Flight(is_pilot=is_pilot, landed=landed)
        finally:
            if is_pilot:
                with self._lock:
                    del self._under_way[account_id]
                landed.set()
