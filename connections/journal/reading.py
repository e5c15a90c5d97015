"""Reads segments, whatever state they are in.

What is damaged is told once and passed over: nobody will ever read it. What the system does not
let be read now is another matter. It may hold anything, so it must not pass for empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from connections.journal.damage import tell_damage, tell_error
from connections.journal.entry import EntryBroken
from connections.journal.frame import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from connections.journal.entry import Entry
    from connections.journal.frame import Frame

# Above what a segment can become: its limit, and one entry of the largest answer on top.
LONGEST_READ = 32 * 1024 * 1024

T = TypeVar("T")


def frames(path: Path, *, start: int = 0, finished: bool = False) -> Iterator[Frame]:
    """Yield the intact frames from ``start`` on.

    What lies between them is damage, and told once per file. What lies behind the last one may
    still be under way, unless the file is ``finished``. A file that is gone has no frames.

    Raises:
        OSError: it cannot be read; nothing was yielded, and that was told once.
    """
    data = _read(path, start)
    read_to = start
    for frame in scan(data, offset=start):
        if frame.start > read_to:
            tell_damage(path, at=read_to, lost_bytes=frame.start - read_to)
        yield frame
        read_to = frame.end
    end = start + len(data)
    if read_to < end and (finished or len(data) == LONGEST_READ):
        tell_damage(path, at=read_to, lost_bytes=end - read_to)


def entries(path: Path, *, finished: bool = False) -> Iterator[Entry]:
    """Yield the readable entries of one segment. Raises OSError as `frames` does."""
    return _decoded(path, frames(path, finished=finished))


def each(paths: Iterable[Path], read: Callable[[Path], Iterator[T]]) -> Iterator[T]:
    """Yield what ``read`` finds in every one of ``paths`` that can be read.

    Raises:
        OSError: at the end, where one could not be.
    """
    failed: OSError | None = None
    for path in paths:
        try:
            yield from read(path)
        except OSError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def entries_at(path: Path, places: Iterable[tuple[int, int]]) -> Iterator[Entry]:
    """Yield the entries at the given places of one segment, each a start and an end.

    Raises OSError.
    """
    pieces: list[Frame] = []
    try:
        with path.open("rb") as file:
            for start, end in places:
                file.seek(start)
                found = list(scan(file.read(end - start), offset=start))
                if not found:
                    tell_damage(path, at=start, lost_bytes=end - start)
                pieces += found
    except FileNotFoundError:
        pass  # Removed by whoever stored it; what was read before still counts.
    except OSError as error:
        tell_error(path, error)
        raise
    return _decoded(path, pieces)


def _read(path: Path, start: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(LONGEST_READ)
    except FileNotFoundError:
        return b""  # Removed by whoever stored it.
    except OSError as error:
        tell_error(path, error)
        raise


def _decoded(path: Path, found: Iterable[Frame]) -> Iterator[Entry]:
    for frame in found:
        try:
            yield frame.entry()
        except EntryBroken:
            tell_damage(path, at=frame.start, lost_bytes=frame.end - frame.start)
