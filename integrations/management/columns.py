"""Rows of text in aligned columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[str, ...]


def aligned(rows: Sequence[Row], *, indent: str = "") -> str:
    """Return a line for each row, every column as wide as its longest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)
