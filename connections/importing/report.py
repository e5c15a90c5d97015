"""What came of each row, as JSON lines, and of all of them together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

Result = Literal["ok", "skipped", "refused"]
# So many rows that were not imported are told where no report is written.
MOST_TOLD: Final = 20


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one row. ``account_id`` is empty in a dry run and where there is none."""

    row: int
    result: Result
    account_id: str = ""
    code: str = ""
    problem: str = ""

    def as_json(self) -> str:
        """Return the line of the report."""
        parts = {
            "row": self.row,
            "result": self.result,
            "connected_account_id": self.account_id,
            "code": self.code,
            "problem": self.problem,
        }
        return json.dumps({name: value for name, value in parts.items() if value != ""})


@dataclass(kw_only=True)
class Tally:
    """How many rows ended how, and the first ones that were refused or skipped."""

    counts: dict[Result, int] = field(default_factory=lambda: {"ok": 0, "skipped": 0, "refused": 0})
    told: list[Outcome] = field(default_factory=list)
    stopped: bool = False

    def add(self, outcome: Outcome) -> None:
        """Count a row."""
        self.counts[outcome.result] += 1
        if outcome.result != "ok" and len(self.told) < MOST_TOLD:
            self.told.append(outcome)

    def lines(self) -> Iterator[str]:
        """Yield the rows that were not imported, as many as are told, in words."""
        for each in self.told:
            yield f"row {each.row}: {each.result}, {each.code}. {each.problem}"
        others = self.counts["refused"] + self.counts["skipped"] - len(self.told)
        if others:
            yield f"and {others:,} more: --report writes them all."


@dataclass(frozen=True, kw_only=True)
class Report:
    """Writes a line per row as soon as the row is done, so that a kill loses none."""

    out: TextIO | None

    def write(self, outcome: Outcome) -> None:
        """Write the row's line."""
        if self.out is not None:
            self.out.write(f"{outcome.as_json()}\n")
            self.out.flush()
