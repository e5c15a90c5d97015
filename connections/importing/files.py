"""Chooses how a file is read, by how its name ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connections.importing.csv_rows import Csv
from connections.importing.json_rows import JsonArray, JsonLines
from connections.importing.rows import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from connections.importing.rows import Source

FORMATS: Final[Mapping[str, type[Csv | JsonArray | JsonLines]]] = {
    "csv": Csv,
    "json": JsonArray,
    "jsonl": JsonLines,
}
_ENDINGS: Final = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def open_file(path: Path, *, file_format: str | None = None) -> Source:
    """Return the rows of a file.

    Args:
        file_format: one of FORMATS; None: the name's ending tells.

    Raises:
        SourceRefused: there is no such file, or nobody knows how to read it.
    """
    if not path.is_file():
        raise SourceRefused("There is no such file. A pipe cannot be read twice: give a file.")
    known = file_format or _ENDINGS.get(path.suffix.lower())
    if known is None:
        raise SourceRefused(f"Say how the file is to be read: --format {'|'.join(FORMATS)}.")
    return FORMATS[known](path=path)
