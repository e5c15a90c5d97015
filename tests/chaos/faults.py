"""How the chaos provider misbehaves, on demand: one fault at a time, for a number of calls."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any

# The work is done and the answer breaks off; or comes whole, as half a JSON text.
CUT, TRUNCATE = "cut", "truncate"
# The connection is closed before anything was done.
DROP = "drop"
# Another status, nothing done.
UNAVAILABLE, THROTTLED = "unavailable", "throttled"
# The work is done and the answer is held: for a moment, or longer than anybody waits.
SLOW, HANG = "slow", "hang"
KINDS = (CUT, TRUNCATE, DROP, UNAVAILABLE, THROTTLED, SLOW, HANG)
# After these the client cannot have the answer, though the token was rotated.
LOSES_ANSWER = {CUT, TRUNCATE, HANG}
# After these nothing was rotated.
DOES_NOTHING = {DROP, UNAVAILABLE, THROTTLED}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to misbehave.

    Attributes:
        calls: how many more calls it strikes.
        seconds: for how long it is on; whichever of the two ends first.
        hold: SLOW and HANG: for how many seconds the answer is held.
        retry_after: THROTTLED: the header, in seconds.
    """

    kind: str
    calls: int = 1
    seconds: float = 10.0
    hold: float = 0.0
    retry_after: int = 1

    @property
    def status(self) -> int:
        """The status that it answers; 200 where the answer is a real one."""
        return {UNAVAILABLE: 503, THROTTLED: 429}.get(self.kind, 200)


class FaultSwitch:
    """The fault that is on, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._ends = 0.0

    def turn_on(self, values: dict[str, Any]) -> None:
        """Put the fault that ``values`` describe in the place of the one that is on."""
        fault = Fault(**values)
        if fault.kind not in KINDS:
            raise ValueError(f"no such fault: {fault.kind}")
        with self._lock:
            self._fault, self._ends = fault, time.monotonic() + fault.seconds

    def turn_off(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._fault = None

    def take(self) -> Fault | None:
        """Return the fault that strikes this call, and count it."""
        with self._lock:
            fault = self._fault
            if fault is None or fault.calls == 0 or time.monotonic() > self._ends:
                self._fault = None
                return None
            self._fault = replace(fault, calls=fault.calls - 1)
            return fault
