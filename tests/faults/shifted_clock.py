"""``python -m tests.faults.shifted_clock SECONDS COMMAND ...``: manage.py under a wrong clock.

The product reads the time of day in one way, `django.utils.timezone.now`; that is what differs.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from django.core.management import execute_from_command_line
from django.utils import timezone


def main(seconds: str, *command: str) -> None:
    """Run the management command with a clock that is so many seconds ahead."""
    right, ahead = timezone.now, timedelta(seconds=int(seconds))

    def shifted() -> datetime:
        return right() + ahead

    timezone.now = shifted
    execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main(*sys.argv[1:])
