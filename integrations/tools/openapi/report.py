"""What came of a document: which operations are tools, and what was left out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_NOTES_OF_ONE = 20


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing that could not be expressed.

    Attributes:
        operation: such as ``GET /users/{id}``; empty for what is about the whole document.
        tool: the name of the tool that was made all the same; empty where there is none.
        what: what was left out, and why.
    """

    operation: str
    tool: str
    what: str


@dataclass
class Report:
    """Filled while a document is converted."""

    title: str = ""
    operations: int = 0
    filtered_out: int = 0
    tools: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def leave_out(self, operation: str, why: str) -> None:
        """Note that an operation is no tool."""
        self.notes.append(Note(operation=operation, tool="", what=why))

    def lose(self, operation: str, tool: str, parts: Iterable[str]) -> None:
        """Note what a tool lacks of its operation."""
        different = list(dict.fromkeys(parts))
        shown, rest = different[:MOST_NOTES_OF_ONE], different[MOST_NOTES_OF_ONE:]
        if rest:
            shown.append(f"and {len(rest)} more")
        self.notes += [Note(operation=operation, tool=tool, what=what) for what in shown]

    @property
    def left_out(self) -> list[Note]:
        """Operations that are no tools, and what concerns the whole document."""
        return [note for note in self.notes if not note.tool]

    @property
    def lost(self) -> list[Note]:
        """What tools lack."""
        return [note for note in self.notes if note.tool]

    def as_text(self) -> str:
        """Return it for a person; what was left out for one reason stands together."""
        counts = f"{self.operations} operations, {self.filtered_out} filtered out"
        lines = [f"{self.title}: {counts}, {len(self.tools)} tools."]
        for heading, notes in (("Left out", self.left_out), ("Not expressed", self.lost)):
            grouped: dict[str, list[str]] = defaultdict(list)
            for note in notes:
                grouped[note.what].append(note.tool or note.operation or "the document")
            if grouped:
                lines += ["", f"{heading}:"]
                lines += [f"  {what}: {_names(names)}" for what, names in grouped.items()]
        return "\n".join(lines)

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "title": self.title,
            "operations": self.operations,
            "filtered_out": self.filtered_out,
            "tools": self.tools,
            "notes": [vars(note) for note in self.notes],
        }


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
