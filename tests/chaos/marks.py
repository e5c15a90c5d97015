"""When the callers read their answers: by the marks that `marking.sitecustomize` has them make."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.chaos.calls import Call

MODULE_FOLDER = Path(__file__).parent / "marking"
VARIABLE = "CHAOS_MARKS"


@dataclass(frozen=True, kw_only=True, order=True)
class Mark:
    """A process has read something, at that time in seconds since 1970."""

    at: float
    pid: int


def read_marks(folder: Path) -> dict[str, list[Mark]]:
    """Return the marks of all processes by connection (caller's port, provider's), in order."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for path in folder.glob("*.marks"):
        for line in path.read_text().splitlines():
            ports, at = line.split()
            found[ports].append(Mark(at=float(at), pid=int(path.stem)))
    return {ports: sorted(marks) for ports, marks in found.items()}


def note_reads(
    calls: Iterable[Call], marks: Mapping[str, list[Mark]], ends: Mapping[str, list[float]]
) -> None:
    """Write into each call when its answer was read, and by whom.

    On one connection an answer is read before the next call is sent, and before the connection
    ends: then another process may get its port.

    Args:
        ends: when connections ended, in order.
    """
    by_connection: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.at):
        by_connection[call.connection].append(call)
    for connection, made in by_connection.items():
        limits = sorted([*(call.at for call in made), *ends.get(connection, []), math.inf])
        for call in made:
            if call.answered_at is not None:
                end = limits[bisect_right(limits, call.answered_at)]
                _note(call, marks.get(connection, []), call.answered_at, end)


def _note(call: Call, marks: list[Mark], answered_at: float, ends: float) -> None:
    place = bisect_left(marks, answered_at, key=lambda mark: mark.at)
    if place < len(marks) and marks[place].at <= ends:
        call.read_at = marks[place].at
        call.pid = call.pid or marks[place].pid
