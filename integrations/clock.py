"""The clock of deadlines that a lease in the database stands behind.

A lease goes on while its holder's machine is suspended; Linux's monotonic clock does not.
"""

from __future__ import annotations

import time
from typing import Final

# Linux alone has it.
_WITH_SUSPENSION: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def seconds() -> float:
    """Return the seconds since some moment of the past; nobody can set them."""
    if _WITH_SUSPENSION is None:
        return time.monotonic()
    return time.clock_gettime(_WITH_SUSPENSION)
