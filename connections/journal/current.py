"""The journal in the folder of the settings, as this process sees it."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from connections.journal import folder as names
from connections.journal import leftover, reading
from connections.journal.index import Index
from connections.journal.leftover import Leftover, Orphan
from connections.journal.pending import Pending
from connections.journal.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from connections.journal.entry import Entry


@dataclass(frozen=True)
class Journal:
    """What this process knows of one folder."""

    folder: Path
    writer: Writer
    index: Index


_opening = threading.Lock()
_journal: Journal | None = None
_pending = Pending()


def append(entry: Entry) -> bool:
    """Append ``entry`` at once, from any thread; never raises.

    Returns False where it could not be written: then the database alone keeps it, and the log has
    said `journal_unwritable` once.
    """
    _pending.note(entry)
    return _current().writer.append(entry)


def unsettled(*, seconds: float) -> list[Entry]:
    """Return what this process appended ``seconds`` ago or earlier and was not told to be stored.

    Also what could not be written to the folder.
    """
    return _pending.older_than(seconds)


def settled(attempt_ids: Iterable[str]) -> None:
    """Note that the database has what these attempts brought, or nobody wants it any more."""
    _pending.forget(attempt_ids)


def postpone(attempt_ids: Iterable[str], *, seconds: float) -> None:
    """Count these as appended in ``seconds`` only: they cannot be stored now."""
    _pending.postpone(attempt_ids, seconds)


def has_appended() -> bool:
    """Whether this process ever had anything to append."""
    return _pending.used


def announce(worker: str) -> bool:
    """Show other processes that ``worker`` lives, before it has anything to append.

    From now on its end can be told: `orphans` then has it, with or without entries.
    """
    return _current().writer.announce(worker)


def sync() -> bool:
    """Return once everything appended is on the disk; False where it cannot get there.

    For when the commit could not follow: then the journal is the only copy.
    """
    return _current().writer.sync()


def renew(now: datetime) -> bool:
    """Keep this process's entries for another full retention: they were stored only ``now``."""
    return _current().writer.renew(now)


def trouble() -> str:
    """Return what keeps this process from appending, in up to 100 characters; '' if nothing."""
    return _current().writer.trouble


def close() -> None:
    """Give up this process's files, at its end; what is in them is an orphan from now on."""
    _current().writer.close()


def read_all() -> Iterator[Entry]:
    """Yield every entry that can be read now, whoever wrote it, each owner's oldest first."""
    with contextlib.suppress(OSError):
        yield from reading.each(_paths(), reading.entries)


def generations() -> Iterator[tuple[str, int]]:
    """Yield account id and replaced generation of every entry, at a fifth of reading them whole.

    Raises:
        OSError: at the end, where a file could not be read.
    """
    for frame in reading.each(_paths(), reading.frames):
        yield frame.account_id, frame.generation


def find(account_ids: Collection[str]) -> dict[str, list[Entry]]:
    """Return the entries of these accounts, each account's by generation; reads only what is new.

    Accounts without entries are not in it. Where a file cannot be read now, what is found elsewhere
    still counts; see `is_readable`. Raises OSError where what is there cannot be read now.
    """
    return _current().index.find(account_ids)


def is_readable(now: datetime) -> bool:
    """Whether all that was written within the retention could be read when `find` last looked."""
    journal = _current()
    before = now - timedelta(seconds=settings.JOURNAL_RETENTION_SECONDS)
    unread = journal.index.unread()
    return not any(path == journal.folder or names.modified(path) >= before for path in unread)


def key_counts() -> dict[str, int]:
    """Return how many entries in the folder are sealed with which key, by the key's id.

    Raises:
        OSError: a file cannot be read now, and nobody knows what it holds.
    """
    return _current().index.key_counts()


def size() -> tuple[int, int]:
    """Return the number of segments in the folder and their bytes; none where it is closed."""
    try:
        states = names.states(_current().folder)
    except OSError:
        return 0, 0
    return len(states), sum(size for size, _ in states.values())


def orphans() -> list[Orphan]:
    """Return what is left of processes that are gone, locked until released or not referred to.

    What another process has in hand is not in it.
    """
    return leftover.orphans(_current().folder)


def removable_segments(now: datetime) -> list[Leftover]:
    """Return what is older than the retention: own segments that ended, one by one, and orphans.

    The caller removes those of which every entry is settled in the database. Raises OSError.
    """
    journal = _current()
    before = now - timedelta(seconds=settings.JOURNAL_RETENTION_SECONDS)
    leftover.remove_unfinished(journal.folder, before=before)
    found: list[Leftover] = [Leftover([path]) for path in journal.writer.closed()]
    removable = []
    for candidate in [*found, *orphans()]:
        if candidate.last_written < before:
            removable.append(candidate)
        else:
            candidate.release()
    return removable


def _paths() -> list[Path]:
    by_owner = names.segments(_current().folder).values()
    return [path for paths in by_owner for path in paths]


def _current() -> Journal:
    global _journal  # noqa: PLW0603 - one per process
    journal, wanted = _journal, settings.JOURNAL_FOLDER
    if journal is not None and str(journal.folder) == str(wanted):
        return journal
    with _opening:
        if _journal is None or str(_journal.folder) != str(wanted):
            if _journal is not None:
                _journal.writer.close()
            folder = Path(wanted)
            _journal = Journal(folder=folder, writer=Writer(folder), index=Index(folder))
        return _journal


def _begin_anew_in_child() -> None:
    # The parent's files are the parent's, and its locks may be held by threads that are not here.
    # So are the answers that it waits to store.
    global _journal, _opening, _pending
    _journal, _opening, _pending = None, threading.Lock(), Pending()


os.register_at_fork(after_in_child=_begin_anew_in_child)
