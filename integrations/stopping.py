"""Lets a loop end in order when its process, or the one it was forked from, is told to stop."""

from __future__ import annotations

import mmap
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# How often a waiting loop looks whether a stop was announced.
LOOK_SECONDS: Final = 0.2
# One byte that a process shares with those forked from it.
_announced: Final = mmap.mmap(-1, 1)


def announce_stop() -> None:
    """Have the loops end of this process and of all that were forked from it since the start.

    For a process whose children get no signal of their own. Safe in a signal handler.
    """
    _announced[0] = 1


def stop_announced() -> bool:
    """Whether this process ends because the one it was forked from does."""
    return bool(_announced[0])


class _Stop(threading.Event):
    """Set by a signal, or by `announce_stop` in this process or the one it was forked from."""

    def is_set(self) -> bool:
        return super().is_set() or stop_announced()

    def wait(self, timeout: float | None = None) -> bool:
        ends = float("inf") if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := ends - time.monotonic()) > 0:
            super().wait(min(left, LOOK_SECONDS))
        return self.is_set()


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set while the block runs, and `announce_stop`.

    What is under way can be finished that way: a refresh that is cut off may cost the grant. In a
    thread other than the main one signals cannot be had.
    """
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
