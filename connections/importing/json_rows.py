"""Reads rows from JSON: an array of objects, or an object per line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from connections.importing.lines import bounded_lines, count_lines, not_utf8, too_long
from connections.importing.rows import Row, RowRefused, SourceRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# An array is read as a whole.
LARGEST_ARRAY: Final = 64 << 20


@dataclass(frozen=True, kw_only=True)
class JsonLines:
    """A file with an object per line. A row's number is its line's; empty lines are passed over."""

    path: Path

    def count(self) -> int:
        return count_lines(self.path)

    def rows(self) -> Iterator[Row]:
        with self.path.open("rb") as file:
            for number, line in enumerate(bounded_lines(file), start=1):
                if line is None:
                    yield Row(number=number, refusal=too_long())
                elif line.strip():
                    yield _read(number, line)

    def place(self, number: int) -> str:
        return f"line {number} of {self.path.name}"


@dataclass(frozen=True, kw_only=True)
class JsonArray:
    """A file that is one array of objects. A row's number is its place in it, from 1."""

    path: Path

    def count(self) -> int:
        return len(self._items())

    def rows(self) -> Iterator[Row]:
        for number, item in enumerate(self._items(), start=1):
            yield _row(number, item)

    def place(self, number: int) -> str:
        return f"row {number} of {self.path.name}"

    def _items(self) -> list[Any]:
        if self.path.stat().st_size > LARGEST_ARRAY:
            raise SourceRefused("The array is too large: write an object per line (.jsonl).")
        try:
            found = json.loads(self.path.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise SourceRefused("The file is not UTF-8.") from None
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise SourceRefused(f"The file is not JSON: {where}.") from None
        except (ValueError, RecursionError):
            raise SourceRefused("The file is not JSON that can be read.") from None
        if not isinstance(found, list):
            raise SourceRefused("The file does not hold an array of objects.")
        return found


def _read(number: int, line: bytes) -> Row:
    try:
        return _row(number, json.loads(line.decode()))
    except UnicodeDecodeError:
        return Row(number=number, refusal=not_utf8())
    except (ValueError, RecursionError):
        return Row(number=number, refusal=_no_object())


def _row(number: int, item: object) -> Row:
    if not isinstance(item, dict):
        return Row(number=number, refusal=_no_object())
    return Row(number=number, values=item)


def _no_object() -> RowRefused:
    return RowRefused("malformed", "The row is not a JSON object.")
