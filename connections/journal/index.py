"""Knows where entries are, so that looking an account up reads only what is new since last time."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from connections.journal import folder as names
from connections.journal import reading
from connections.journal.places import Place, Places, fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from connections.journal.entry import Entry


class SegmentIndex:
    """What is known of one segment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places = Places()
        self.keys: Counter[str] = Counter()
        self._read_to = 0
        self._state = (0, 0)

    def was_cut(self, size: int) -> bool:
        """Whether the file is now shorter than what was read of it."""
        return size < self._read_to

    def catch_up(self, state: tuple[int, int]) -> None:
        """Read what was appended since the last time, if the file's ``state`` has changed.

        A file's size grows after the bytes are there, so nothing new stands below a known size.
        What is incomplete at the end is read again when the file has changed.

        Raises:
            OSError: it cannot be read now; it is read from there on the next time.
        """
        if state == self._state:
            return
        for frame in reading.frames(self.path, start=self._read_to):
            self.places.add(frame.account_id, (frame.start, frame.end))
            self.keys[frame.key_id] += 1
            self._read_to = frame.end
        self._state = state


class Index:
    """All segments of a folder, whoever writes them. Safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: dict[Path, SegmentIndex] = {}
        self._lock = threading.Lock()
        self._unread: list[Path] = []

    def find(self, account_ids: Collection[str]) -> dict[str, list[Entry]]:
        """Return the entries of these accounts, each account's by generation.

        Where a file cannot be read now, what is found elsewhere still counts; see `unread`.

        Raises:
            OSError: what is there cannot be read now.
        """
        accounts = set(account_ids)
        found: dict[str, list[Entry]] = defaultdict(list)
        for path, places in self._places({fingerprint(account_id) for account_id in accounts}):
            for entry in reading.entries_at(path, places):
                if entry.account_id in accounts:
                    found[entry.account_id].append(entry)
        for entries in found.values():
            entries.sort(key=lambda entry: (entry.generation, entry.obtained_at))
        return dict(found)

    def unread(self) -> list[Path]:
        """Return what could not be read when it was last looked at: files, or the folder."""
        with self._lock:
            return list(self._unread)

    def key_counts(self) -> dict[str, int]:
        """Return how many entries are sealed with which key.

        Raises:
            OSError: a file cannot be read now, and nobody knows what it holds.
        """
        with self._lock:
            if failed := self._catch_up():
                raise failed
            return dict(sum((segment.keys for segment in self._segments.values()), Counter()))

    def _places(self, wanted: set[int]) -> list[tuple[Path, list[Place]]]:
        with self._lock:
            self._catch_up()
            found = [
                (segment.path, segment.places.of(wanted)) for segment in self._segments.values()
            ]
        return [(path, places) for path, places in found if places]

    def _catch_up(self) -> OSError | None:
        """Read what is new; return what kept a file from being read."""
        failed: OSError | None = None
        self._unread = [self._folder]
        try:
            states = names.states(self._folder)
        except OSError as error:
            return error
        self._unread = []
        for path in self._segments.keys() - states.keys():
            del self._segments[path]
        for path, state in states.items():
            if path not in self._segments or self._segments[path].was_cut(state[0]):
                self._segments[path] = SegmentIndex(path)
            try:
                self._segments[path].catch_up(state)
            except OSError as error:
                failed = failed or error
                self._unread.append(path)
        return failed
