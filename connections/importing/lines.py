"""Reads a file line by line, however long its lines are."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from connections.importing.rows import RowRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Bytes. No row of tokens is longer; the csv module takes no longer cell either.
LONGEST_LINE: Final = 131_072
_CHUNK: Final = 1 << 20
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def not_utf8() -> RowRefused:
    """Return what is said of a row that is no text."""
    return RowRefused("not_utf8", "The row is not UTF-8.")


def too_long() -> RowRefused:
    """Return what is said of a line that was not kept."""
    return RowRefused("line_too_long", f"The line is longer than {LONGEST_LINE:,} bytes.")


def bounded_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines; None in the place of one that is too long, which is not kept in memory."""
    first = True
    while line := file.readline(LONGEST_LINE + 1):
        if first:
            line, first = line.removeprefix(_BYTE_ORDER_MARK), False
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)
        yield None


def count_lines(path: Path) -> int:
    """Return how many lines the file has."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")
