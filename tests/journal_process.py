"""A real process that keeps a journal, for tests of killing it, forking it and filling its disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent


class JournalProcess:
    """``tests.journal_program`` on a folder of the test's. To be used as a context manager.

    Attributes:
        lines: what it acknowledged, before it was killed.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder.parent / "log"
        self.children: list[int] = []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.journal_program"],
                cwd=ROOT,
                env=os.environ | {"JOURNAL_FOLDER": str(folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for child in self.children:
            os.kill(child, signal.SIGKILL)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def tell(self, command: str) -> None:
        """Give it a command, without waiting for the result."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def read(self) -> str:
        """Return the next line that it wrote; empty where it has ended and there is none."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def ask(self, command: str) -> Any:
        """Give it a command and return the result."""
        self.tell(command)
        return json.loads(self.read())

    def fork(self, command: str = "-") -> int:
        """Have it fork a child that stays until the end of the test; return the child's pid."""
        return self._note(self.ask(f"fork {command} child"))

    def fork_unnoticed(self) -> int:
        """Have it fork a child as a library in C would; return the child's pid."""
        return self._note(self.ask("fork_unnoticed"))

    def _note(self, child: int) -> int:
        self.children.append(child)
        return child

    def kill(self) -> None:
        """End it with SIGKILL and return once it is gone."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]
