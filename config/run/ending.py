"""Ending processes: asked, told, killed; and nothing is left."""

import signal
import time
from collections.abc import Sequence

from config.run.process import Process

# How long a group has after each signal, in seconds. A worker finishes its task after SIGINT; a
# watching one would take a minute, and refreshing is built to be cut off.
STEPS = ((signal.SIGINT, 3.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0))


def end_all(processes: Sequence[Process]) -> None:
    """End every process with everything that it started, all of them at once."""
    for number, seconds in STEPS:
        living = [process for process in processes if process.group_lives]
        for process in living:
            process.signal_group(number)
        deadline = time.monotonic() + seconds
        while any(process.group_lives for process in living) and time.monotonic() < deadline:
            time.sleep(0.05)
    for process in processes:
        process.drain()
