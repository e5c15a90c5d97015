"""The embedded PostgreSQL of a run, which loses nothing it has acknowledged, and can be killed."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from config.postgres import EmbeddedPostgres

IMMEDIATE, KILL = "immediate", "kill"
END_SECONDS = 30.0


class ChaosDatabase:
    """A server whose crash is ordinary.

    Start and restart it from the main thread only: it is leashed to the thread that starts it.
    """

    def __init__(self, folder: Path) -> None:
        # Durable: what this run is about is what happens to acknowledged commits.
        self._server = EmbeddedPostgres(folder / "pgdata", durable=True)
        self.url = ""

    def start(self) -> None:
        """Start the server and make the database."""
        self._server.start()
        self.url = self._server.url

    def restart(self, *, mode: str, down: float) -> None:
        """Crash the server, leave it down for ``down`` seconds, and start it again.

        Args:
            mode: ``immediate`` (SIGQUIT: no checkpoint, recovery at the start) or ``kill`` (SIGKILL
                of the postmaster, whose children find out by themselves).
        """
        process = self._server.process
        if process is None:
            raise RuntimeError("the database was not started")
        process.send_signal(signal.SIGKILL if mode == KILL else signal.SIGQUIT)
        process.wait(END_SECONDS)
        self._server.stop()
        time.sleep(down)
        self._server.start()
        if self._server.url != self.url:
            raise RuntimeError("the database came back at another address")

    def stop(self) -> None:
        """Stop it for good."""
        self._server.stop()
