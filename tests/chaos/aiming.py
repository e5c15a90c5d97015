"""Kills the process whose token call is at a certain point: what chance alone would rarely hit.

The provider knows to the microsecond where a call stands, so it fires itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Points of a call: it has arrived; its token is rotated; its answer has been sent.
ARRIVED, WORKED, ANSWERED = "arrived", "worked", "answered"
POINTS = (ARRIVED, WORKED, ANSWERED)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A kill that happened: of whom, when, in which call."""

    pid: int
    at: float
    call: str


class Aim:
    """At most one order to kill, and what came of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._order: dict[str, Any] | None = None
        self.shot: Shot | None = None

    def order(self, *, point: str, delay: float, pids: list[int]) -> None:
        """Kill the next of ``pids`` that makes a call, ``delay`` seconds after ``point`` of it."""
        if point not in POINTS:
            raise ValueError(f"no such point of a call: {point}")
        with self._lock:
            self._order = {"point": point, "delay": delay, "pids": pids}
            self.shot = None

    def cancel(self) -> bool:
        """Forget the order; return whether it was in time. Otherwise a shot is about to fall."""
        with self._lock:
            waiting, self._order = self._order is not None, None
        return waiting

    def lock_on(self, *, local_port: int, peer_port: int) -> Target | None:
        """Return the target where the caller is one of those ordered. The order is then taken."""
        with self._lock:
            order = self._order
            if order is None:
                return None
            pid = owner_of(local_port=peer_port, peer_port=local_port, pids=order["pids"])
            if pid is None:
                return None
            self._order = None
        return Target(aim=self, pid=pid, point=order["point"], delay=order["delay"])


@dataclass(frozen=True, kw_only=True)
class Target:
    """A process that is going to be killed in the middle of its call."""

    aim: Aim
    pid: int
    point: str
    delay: float

    def fire(self, *, point: str, call: str) -> None:
        """Kill it, if this is the point."""
        if point != self.point:
            return
        time.sleep(self.delay)
        at = time.time()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.aim.shot = Shot(pid=self.pid, at=at, call=call)


def owner_of(*, local_port: int, peer_port: int, pids: list[int]) -> int | None:
    """Return which of ``pids`` has the IPv4 connection from ``local_port`` to ``peer_port``.

    By Linux's /proc; elsewhere nobody is found.
    """
    inode = _inode(local_port, peer_port)
    if inode is None:
        return None
    for pid in pids:
        with suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()) == f"socket:[{inode}]":
                        return pid
    return None


def _inode(local_port: int, peer_port: int) -> str | None:
    ends = (f":{local_port:04X}", f":{peer_port:04X}")
    with suppress(OSError):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]) and fields[9] != "0":
                return fields[9]
    return None
