"""Evergrant's own processes: started, killed, stopped for a while, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from config.leash import leashed

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 60.0


class Program:
    """One process and what it starts, in a group of its own, held on a leash by this one.

    Start it from the main thread only: the leash is the thread's that starts it.

    Attributes:
        name: such as ``worker-1``; its log is ``<name>.log``.
        kind: worker, web or deliverer.
        born: when the present process was started, by the clock of the calls.
    """

    def __init__(
        self,
        *,
        name: str,
        kind: str,
        command: list[str],
        environment: dict[str, str],
        logs: Path,
        leash: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.kind = kind
        self.born = 0.0
        self.stopped = False
        self._command = [sys.executable, *command]
        self._leash = leash
        self._environment = environment
        self._log = logs / f"{name}.log"
        self._logged = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; nothing is waited for."""
        with self._log.open("ab") as log:
            self._logged = log.tell()
            self._process = subprocess.Popen(
                leashed(self._command, number=self._leash),
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.born, self.stopped = time.time(), False

    @property
    def pid(self) -> int:
        """The number of the process that was started last."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it runs, stopped or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.time() - self.born

    @property
    def works(self) -> bool:
        """Whether it has begun to work: it has logged something since it was started."""
        return self._log.stat().st_size > self._logged

    def pids(self) -> list[int]:
        """Return its own number and those of what it started, as far as Linux tells."""
        found = [self.pid]
        for pid in found:
            with suppress(OSError):
                listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                found += [int(child) for child in listed.split()]
        return found

    def kill(self) -> None:
        """Kill it and its group with SIGKILL, and collect it."""
        self._signal_group(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(END_SECONDS)

    def end(self) -> int:
        """Ask it to end (SIGTERM) and return its exit code, once it has done what is under way."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        self._process.terminate()
        return self._process.wait(END_SECONDS)

    def stop(self) -> None:
        """Freeze it (SIGSTOP)."""
        self._signal_group(signal.SIGSTOP)
        self.stopped = True

    def go_on(self) -> None:
        """Thaw it (SIGCONT)."""
        self._signal_group(signal.SIGCONT)
        self.stopped = False

    def exit_code(self) -> int | None:
        """Return how it ended, None while it runs."""
        return self._process.poll() if self._process is not None else None

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
