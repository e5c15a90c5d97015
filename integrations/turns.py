"""Lets a few of a web process's threads work at a time, while any number wait for providers.

Python runs one thread at a time. Where many have something to do they spend as much on handing the
interpreter to each other as on the work: with 32 threads a read of a fresh token costs half as much
again as with 4. But a thread that waits for a provider costs nothing, and there have to be many.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# So many are enough to keep the processor busy while others wait for the database.
AT_A_TIME: Final = 3
# A turn is a courtesy and no lock: who had to wait that long, because others are waiting for a
# locked row, goes on without one.
PATIENCE_SECONDS: Final = 0.25


class Turns:
    """Turns of one process.

    Args:
        count: how many threads have one at a time.
        patience: how many seconds a thread waits for one before it goes on without.
    """

    def __init__(self, *, count: int = AT_A_TIME, patience: float = PATIENCE_SECONDS) -> None:
        self._lock = threading.Lock()
        self._free = count
        # Those who wait, the longest first, each before a lock that whoever hands over opens.
        self._waiting: deque[threading.Lock] = deque()
        self._patience = patience
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have a turn while the block runs."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let another thread have this one's turn, if it has one, while the block waits."""
        had_one = self._give_back()
        try:
            yield
        finally:
            if had_one:
                self._take()

    def _take(self) -> None:
        gate = threading.Lock()
        with self._lock:
            if self._free:
                self._free -= 1
                self._mine.turn = True
                return
            gate.acquire()
            self._waiting.append(gate)
        self._mine.turn = gate.acquire(timeout=self._patience) or not self._stop_waiting(gate)

    def _stop_waiting(self, gate: threading.Lock) -> bool:
        """Return whether it was in vain: a turn may have been handed over in the last moment."""
        with self._lock:
            if gate not in self._waiting:
                return False
            self._waiting.remove(gate)
            return True

    def _give_back(self) -> bool:
        had_one = getattr(self._mine, "turn", False)
        self._mine.turn = False
        if had_one:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().release()
                else:
                    self._free += 1
        return had_one


turns = Turns()
