"""A row as its source has it, and what may be wrong with one.

A message never repeats what a row holds, not even a column's name: where a file has lost its first
line or a comma, any of it may be a token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Those that hold objects: in a CSV file a column per entry, such as ``fields.api_key``.
OBJECTS: Final = ("fields", "parameters")
COLUMNS: Final = (
    "user_id",
    "tenant_id",
    "auth_config_id",
    "client_id",
    "redirect_uri",
    "access_token",
    "refresh_token",
    *OBJECTS,
    "expires_at",
    "expires_in",
    "granted_at",
    "scopes",
    "alias",
    "identity_id",
    "identity_label",
)


class SourceRefused(Exception):
    """Nothing of the source can be imported. The message tells why, and repeats nothing of it."""


class RowRefused(Exception):
    """A row cannot be imported. ``code`` is for machines, ``problem`` for people."""

    def __init__(self, code: str, problem: str) -> None:
        self.code, self.problem = code, problem
        super().__init__(problem)


@dataclass(frozen=True, kw_only=True, repr=False)
class Row:
    """One row by its columns, unchecked. ``refusal``: it could not even be read."""

    number: int
    values: Mapping[str, object] = field(default_factory=dict)
    refusal: RowRefused | None = None


class Source(Protocol):
    """Where rows come from."""

    def count(self) -> int:
        """Return about how many rows there are, for people who wait."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows in order. Raises SourceRefused."""

    def place(self, number: int) -> str:
        """Say where a row stands, as the account's history tells it."""


def unknown_column(names: Iterable[str], known: Iterable[str]) -> str:
    """Return what is wrong with the first of ``names`` that is not ``known``; else an empty text.

    It is told by its place, with the known name that it looks like.
    """
    known = list(known)
    for place, name in enumerate(names, start=1):
        if name not in known:
            alike = get_close_matches(name[:40], known, n=1)
            hint = f" Is it {alike[0]}?" if alike else ""
            return f"Column {place} is none that an import knows.{hint}"
    return ""
