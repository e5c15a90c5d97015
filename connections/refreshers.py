"""Several refreshing processes under one: begun together, replaced when one dies, ended together.

One process can use one core. The children end by themselves, in order, when their parent is gone,
even when it was killed: they hold the reading end of a pipe that only the parent writes to.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connections

from connections.heartbeat import COMMAND
from connections.refresh import watch_refreshes
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

log = structlog.get_logger(__name__)

# Seconds until a dead process is replaced; one that dies young is waited for longer each time.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
# Older than that it was no fault of starting.
YOUNG: Final = 60.0
LOOK_SECONDS: Final = 0.5


@dataclass
class _Place:
    """One of the processes, and what takes its place."""

    process: ForkProcess | None = None
    begun_at: float = 0.0
    due_at: float = float("-inf")
    pause: float = FIRST_PAUSE


class Refreshers:
    """``count`` processes that watch until this one is told to stop, or is gone.

    To be made before this process has threads.
    """

    def __init__(self, count: int) -> None:
        self._places = [_Place() for _ in range(count)]
        self._pipe = os.pipe()

    def run(self) -> None:
        """Keep them running until SIGINT or SIGTERM; return when all have ended."""
        # A connection of this process must not be used by its children.
        connections.close_all()
        with stop_on_signal() as stop:
            try:
                while not stop.is_set():
                    self._fill()
                    self._wait(stop)
            finally:
                self._end()

    def _fill(self) -> None:
        for place in self._places:
            if place.process is None and time.monotonic() >= place.due_at:
                place.process = multiprocessing.get_context("fork").Process(
                    target=_work, args=[self._pipe], name="refresher"
                )
                place.begun_at = time.monotonic()
                place.process.start()

    def _wait(self, stop: threading.Event) -> None:
        """Return when one has died, or after a moment; a signal is noticed then."""
        running = [place.process.sentinel for place in self._places if place.process]
        if running:
            wait(running, timeout=LOOK_SECONDS)
        else:
            stop.wait(LOOK_SECONDS)
        for place in self._places:
            if place.process is not None and place.process.exitcode is not None:
                self._note_death(place, place.process)

    def _note_death(self, place: _Place, process: ForkProcess) -> None:
        log.error("refresher_died", pid=process.pid, exit_code=process.exitcode)
        young = time.monotonic() - place.begun_at < YOUNG
        place.pause = min(place.pause * 2, LONGEST_PAUSE) if young else FIRST_PAUSE
        place.due_at = time.monotonic() + place.pause
        place.process = None
        process.close()

    def _end(self) -> None:
        # What tells them to end; one that is just beginning could miss a signal.
        for end in self._pipe:
            os.close(end)
        for place in self._places:
            if place.process is not None:
                place.process.join()


def _work(pipe: tuple[int, int]) -> None:
    """Watch, until a signal comes or the parent is gone."""
    reading, writing = pipe
    os.close(writing)
    with stop_on_signal() as stop:

        def end_with_parent() -> None:
            os.read(reading, 1)
            stop.set()

        threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
        watch_refreshes(seconds=None, stop=stop, started_by=COMMAND)
