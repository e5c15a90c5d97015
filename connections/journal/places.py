"""Where in one segment the frames of an account stand: 24 bytes a frame."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

Place = tuple[int, int]  # start and end in the file

# So many are kept in a dictionary before they are sorted in; a dictionary takes ten times the room.
RECENT = 1024
_UNSIGNED = 2**64 - 1


def fingerprint(account_id: str) -> int:
    """Return 64 bits that stand for ``account_id`` in this process. Two accounts may share them."""
    return hash(account_id) & _UNSIGNED


class Places:
    """Grows by one frame at a time, and is asked for many accounts at a time."""

    def __init__(self) -> None:
        self._recent: defaultdict[int, list[Place]] = defaultdict(list)
        # Three columns, sorted by the first.
        self._fingerprints = array("Q")
        self._starts = array("Q")
        self._ends = array("Q")

    def add(self, account_id: str, place: Place) -> None:
        """Note one frame."""
        self._recent[fingerprint(account_id)].append(place)
        if len(self._recent) >= RECENT:
            self._sort_in()

    def of(self, fingerprints: AbstractSet[int]) -> list[Place]:
        """Return the places of these accounts, and maybe of another with the same fingerprint."""
        found = [
            place for wanted in self._recent.keys() & fingerprints for place in self._recent[wanted]
        ]
        column, count = self._fingerprints, len(self._fingerprints)
        for wanted in fingerprints:
            at = bisect_left(column, wanted)
            while at < count and column[at] == wanted:
                found.append((self._starts[at], self._ends[at]))
                at += 1
        return sorted(found)

    def _sort_in(self) -> None:
        rows = sorted([*self._rows(), *zip(*self._columns(), strict=True)])
        self._recent.clear()
        columns = zip(*rows, strict=True)
        self._fingerprints, self._starts, self._ends = (array("Q", column) for column in columns)

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        for wanted, places in self._recent.items():
            for start, end in places:
                yield wanted, start, end

    def _columns(self) -> tuple[array[int], array[int], array[int]]:
        return self._fingerprints, self._starts, self._ends
