"""Reads rows from CSV, whose first line names the columns."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from connections.importing.lines import bounded_lines, count_lines, not_utf8, too_long
from connections.importing.rows import (
    COLUMNS,
    OBJECTS,
    Row,
    RowRefused,
    SourceRefused,
    unknown_column,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_SEPARATORS: Final = ",;\t"
_QUOTES: Final = "The row's quotes do not match."
_CELLS: Final = "The row has not as many cells as the first line."


@dataclass(frozen=True, kw_only=True)
class Csv:
    """A file of comma, semicolon or tab separated values. A row's number is that of its line."""

    path: Path

    def count(self) -> int:
        return max(count_lines(self.path) - 1, 0)

    def rows(self) -> Iterator[Row]:
        with self.path.open("rb") as file:
            lines = _Lines(bounded_lines(file))
            columns, separator = _columns(next(lines, ""))
            yield from _rows(lines, columns, separator)

    def place(self, number: int) -> str:
        return f"line {number} of {self.path.name}"


@dataclass
class _Lines:
    """The lines as text, with what is not UTF-8 in it marked; an empty one for one too long."""

    source: Iterator[bytes | None]
    number: int = 0
    too_long: set[int] = field(default_factory=set)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self.source)
        self.number += 1
        if line is None:
            self.too_long.add(self.number)
            return "\n"
        return line.decode(errors="surrogateescape")


def _rows(lines: _Lines, columns: Sequence[str], separator: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        number = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Row(number=number, refusal=RowRefused("malformed", _QUOTES))
            continue
        if lines.too_long:
            lines.too_long.clear()
            yield Row(number=number, refusal=too_long())
        elif cells:
            yield _row(number, cells, columns)


def _row(number: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    if not all(map(_is_text, cells)):
        return Row(number=number, refusal=not_utf8())
    if len(cells) != len(columns):
        return Row(number=number, refusal=RowRefused("malformed", _CELLS))
    values: dict[str, object] = {}
    for column, cell in zip(columns, cells, strict=True):
        whole, dot, part = column.partition(".")
        if not dot:
            values[column] = cell
        elif cell:
            inner = values.setdefault(whole, {})
            assert isinstance(inner, dict)  # noqa: S101 - no column is both, see _columns
            inner[part] = cell
    return Row(number=number, values=values)


def _columns(line: str) -> tuple[list[str], str]:
    """Return the columns that the first line names, and what separates them."""
    separator = max(_SEPARATORS, key=line.count)
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        names = []
    if not any(names):
        raise SourceRefused("The first line names no columns.")
    if problem := unknown_column(names, _known(names)):
        raise SourceRefused(f"{problem} The first line has to name the columns.")
    if len(set(names)) < len(names):
        raise SourceRefused("The first line names a column twice.")
    return names, separator


def _known(names: Iterable[str]) -> Iterator[str]:
    yield from (column for column in COLUMNS if column not in OBJECTS)
    yield from (name for name in names if name.partition(".")[0] in OBJECTS and "." in name)


def _is_text(cell: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in cell)
