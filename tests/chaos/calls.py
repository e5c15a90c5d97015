"""One call at the chaos provider's token endpoint, as the provider saw it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.families import GRACE, ISSUED, ISSUED_IN_GRACE

NOTHING = "not_performed"


@dataclass(kw_only=True)
class Call:
    """A call. Times are seconds since 1970 by this machine's clock, which all processes share.

    Attributes:
        family, person: whose; empty where the token is unknown.
        presented: the serial of the refresh token in its family; 0 for an authorization code.
        issued: the serial that was issued, 0 for none.
        at: the request was read.
        worked_at: the token was rotated, or refused.
        answered_at: right before the answer was sent; None where none was.
        gone_at: when the caller was seen to have hung up while it waited.
        read_at: when the caller's thread had the answer; None where it never came to read it.
        pid: who called, where the provider looked that up, or the reader said so.
        connection: the caller's port and the provider's.
    """

    id: str
    provider: str
    kind: str
    at: float
    family: str = ""
    person: str = ""
    presented: int = 0
    presented_digest: str = ""
    issued: int = 0
    issued_digest: str = ""
    outcome: str = NOTHING
    fault: str = ""
    worked_at: float | None = None
    answered_at: float | None = None
    gone_at: float | None = None
    read_at: float | None = None
    pid: int | None = None
    connection: str = ""

    @property
    def issued_tokens(self) -> bool:
        """Whether the provider gave out new tokens, heard or not."""
        return self.outcome in {ISSUED, ISSUED_IN_GRACE}

    @property
    def ended_at(self) -> float:
        """When the caller waited no more, by what the provider knows."""
        ends = [moment for moment in (self.answered_at, self.gone_at) if moment is not None]
        return min(ends, default=self.at)

    @property
    def forgiving(self) -> bool:
        """Whether the provider accepts a spent token for a while."""
        return self.provider == GRACE

    def to_json(self) -> dict[str, Any]:
        """Return the call as JSON values."""
        return asdict(self)


def read_calls(path: Path) -> list[Call]:
    """Return the calls that a provider wrote to ``path``, in the order of their arrival."""
    calls = [Call(**entry) for entry in _entries(path) if "id" in entry]
    return sorted(calls, key=lambda call: call.at)


def read_ends(path: Path) -> dict[str, list[float]]:
    """Return when connections ended, in order, by `Call.connection`."""
    ends: dict[str, list[float]] = defaultdict(list)
    for entry in _entries(path):
        if "ended" in entry:
            ends[entry["ended"]].append(entry["at"])
    return ends


def _entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
