"""``python -m tests.bench``: run the suites, show the figures, write them to var/bench.json.

The exit code is 1 where something was wrong: a refresh token used twice, an account lost, a token
served that had ended. How fast anything was never fails it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from config.fresh_keys import fresh_field_encryption_key, fresh_secret_key
from config.postgres import PostgresError
from tests.bench.databases import Server, migrate, server
from tests.bench.figures import tell
from tests.bench.options import Options, read_options
from tests.bench.place import Place, service_environment
from tests.bench.suite import run_suite


def main(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for; return the exit code."""
    options = read_options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=options.folder))
    try:
        with server(folder) as running, ExitStack() as stack:
            return Bench(running, folder, options, stack).run()
    except PostgresError as error:
        tell(f"evergrant: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """One run. Makes a template of each kind of database, and copies of them for every suite."""

    def __init__(self, running: Server, folder: Path, options: Options, stack: ExitStack) -> None:
        self._server = running
        self._folder = folder
        self._options = options
        self._keys = {
            "SECRET_KEY": fresh_secret_key(),
            "FIELD_ENCRYPTION_KEYS": fresh_field_encryption_key(),
        }
        self._template = stack.enter_context(running.database())
        self._by_hand_template = stack.enter_context(running.database())

    def run(self) -> int:
        """Run the suites that were asked for; return the exit code."""
        self._introduce()
        place = self._place(self._folder, (self._template,), self._by_hand_template)
        migrate(place.environment)
        migrate(place.by_hand_environment, "by_hand", "--run-syncdb")
        figures: dict[str, Any] = {}
        faults: list[str] = []
        for name in self._options.only:
            found = self._run_one(name)
            figures |= found["figures"]
            faults += [f"{name}: {fault}" for fault in found["faults"]]
        output = self._options.output
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=2) + "\n")
        tell(f"\nfigures in {output}")
        for fault in faults:
            tell(f"FAULT {fault}")
        return 1 if faults else 0

    def _introduce(self) -> None:
        setting = self._server.setting
        tell(
            f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
            f"PostgreSQL {setting('server_version')} (fsync {setting('fsync')}, "
            f"synchronous_commit {setting('synchronous_commit')})"
        )

    def _run_one(self, name: str) -> dict[str, Any]:
        folder = self._folder / name
        result = folder / "figures.json"
        started = time.monotonic()
        tell(f"\n{name}")
        with ExitStack() as stack:
            copies = len(self._options.sizes) if name == "scale" else 1
            databases = [self._copy(self._template, stack) for _ in range(copies)]
            by_hand = self._copy(self._by_hand_template, stack)
            place = self._place(folder, tuple(databases), by_hand)
            code = run_suite(name, place=place, options=self._options, figures=result)
        tell(f"  ({time.monotonic() - started:.0f} s)")
        if code != 0 or not result.exists():
            return {"figures": {}, "faults": [f"ended with exit code {code}"]}
        return dict(json.loads(result.read_text()))

    def _copy(self, template: str, stack: ExitStack) -> str:
        return stack.enter_context(self._server.database(template))

    def _place(self, folder: Path, databases: tuple[str, ...], by_hand: str) -> Place:
        (folder / "static").mkdir(parents=True)
        return Place(
            folder=folder,
            databases=databases,
            by_hand_database=by_hand,
            environment=service_environment(databases[0], folder, self._keys),
            threads=self._options.threads,
            by_hand_threads=self._options.by_hand_threads,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
