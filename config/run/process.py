"""One of the processes that `make run` starts: its group, its log, its end."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from config.leash import leashed
from config.run import console
from config.run.options import ROOT

LAST_LINES = 15


class Process:
    """A program in a process group of its own, its output shown line by line.

    The group is what Ctrl-C in the terminal does not reach, so that we choose the order of the
    end. Should we be killed, the leash ends the program.
    """

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = subprocess.Popen(
            leashed(command, number=signal.SIGTERM),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._show, name=f"log of {name}", daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._process.poll()

    def signal_group(self, number: signal.Signals) -> None:
        """Send ``number`` to the program and to everything that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    @property
    def group_lives(self) -> bool:
        """Whether the program or anything that it started still runs."""
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def drain(self) -> None:
        """Wait until the last line is shown."""
        self._reader.join(timeout=1)

    def _show(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as pipe:
            for line in pipe:
                self.lines.append(line.rstrip())
                console.line(self.name, line.rstrip())
