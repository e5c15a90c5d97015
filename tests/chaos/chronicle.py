"""What the driver did, when, and to whom: the one half of every explanation."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Deed:
    """One thing that the driver did. Times are seconds since 1970.

    Attributes:
        what: the plan's action, or what followed from it.
        until: when it was over, where it lasted.
        pids: the processes that it struck.
    """

    what: str
    at: float
    until: float | None = None
    pids: list[int] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the deed as JSON values."""
        return asdict(self)


class Chronicle:
    """All deeds of a run, in order."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self._lock = threading.Lock()

    def note(
        self,
        what: str,
        *,
        at: float | None = None,
        pids: list[int] | None = None,
        **details: Any,
    ) -> Deed:
        """Write down that ``what`` was done, now unless said otherwise."""
        deed = Deed(
            what=what, at=time.time() if at is None else at, pids=pids or [], details=details
        )
        with self._lock:
            self.deeds.append(deed)
        return deed

    def counts(self) -> Counter[str]:
        """Return how often each was done."""
        with self._lock:
            return Counter(deed.what for deed in self.deeds)
