"""How much of a document is read and worked on. The largest public ones fit several times."""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 24 * 1024 * 1024
# Values in the document: lists, objects, texts, numbers.
MOST_VALUES: Final = 3_000_000
DEEPEST: Final = 150
MOST_OPERATIONS: Final = 5000
# Schemas looked at for one tool, and for all of them.
MOST_SCHEMAS_OF_ONE: Final = 2000
MOST_SCHEMAS_OF_ALL: Final = 1_000_000
# How deep inputs may be, tried in this order until a tool is small enough.
DEPTHS: Final = (8, 5, 3, 2)
LARGEST_TOOL: Final = 48 * 1024
# Entries of a list or object that are looked at for one operation: media types, scopes, parameters.
MOST_ENTRIES: Final = 200
LONGEST_PATH: Final = 1000
# References to references.
MOST_HOPS: Final = 20


class DocumentRefused(Exception):
    """The document cannot be read, or is larger than any honest one."""


class OneTooLarge(Exception):
    """A tool's inputs are too large at this depth."""


class AllTooLarge(Exception):
    """The whole document has taken as much work as any may."""


class Budget:
    """Counts the work on one document."""

    def __init__(self) -> None:
        self._left_for_all = MOST_SCHEMAS_OF_ALL
        self._left_for_one = MOST_SCHEMAS_OF_ONE

    def begin_one(self) -> None:
        """Begin to count for another tool, or for another try at it."""
        self._left_for_one = MOST_SCHEMAS_OF_ONE

    def spend(self, amount: int = 1) -> None:
        """Count ``amount`` pieces of work. Raises OneTooLarge, AllTooLarge."""
        self._left_for_all -= amount
        self._left_for_one -= amount
        if self._left_for_all < 0:
            raise AllTooLarge
        if self._left_for_one < 0:
            raise OneTooLarge
