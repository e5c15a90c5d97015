"""Where a suite runs: its databases, its keys, its folder, and the provider."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.leash import leashed
from tests.bench.load import Job, Load
from tests.bench.options import ROOT

BY_HAND_SETTINGS = "tests.bench.by_hand.settings"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a suite gets.

    Attributes:
        folder: for logs and whatever else goes away afterwards.
        databases: URLs of empty, migrated databases of Evergrant.
        by_hand_database: URL of that of the by-hand Django project.
        environment: of Evergrant's processes, with the first database.
        threads: of each of Evergrant's web processes.
        by_hand_threads: of each of the by-hand project's.
    """

    folder: Path
    databases: tuple[str, ...]
    by_hand_database: str
    environment: dict[str, str] = field(repr=False)
    threads: int
    by_hand_threads: int

    @property
    def by_hand_environment(self) -> dict[str, str]:
        """The environment of the by-hand project's processes."""
        own = {"DATABASE_URL": self.by_hand_database, "DJANGO_SETTINGS_MODULE": BY_HAND_SETTINGS}
        return self.environment | own


class ProviderProcess:
    """The provider in a process of its own (`tests.bench.provider`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            leashed([sys.executable, "-m", "tests.bench.provider"], number=signal.SIGKILL),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def control(self, **wishes: Any) -> None:
        """Tell it what to do from now on; see `tests.bench.provider`."""
        self._ask("POST", "/control", json.dumps(wishes))

    def report(self) -> dict[str, Any]:
        """Return what it was asked since the last reset."""
        return dict(json.loads(self._ask("GET", "/report")))

    def end(self) -> None:
        """Kill it: it holds nothing."""
        self._connection.close()
        self._process.kill()
        self._process.communicate()

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        self._connection.request(method, path, body)
        return self._connection.getresponse().read()


@contextmanager
def provider() -> Iterator[ProviderProcess]:
    """Run a provider during the block."""
    process = ProviderProcess()
    try:
        yield process
    finally:
        process.end()


def drive(job: Job) -> Load:
    """Have ``job`` done by a load generator in a process of its own; return what came back."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        cwd=ROOT,
        input=json.dumps(job.__dict__),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
    return Load(**json.loads(done.stdout))


def service_environment(database_url: str, folder: Path, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Evergrant's processes: as in production, on loopback."""
    return (
        os.environ
        | keys
        | {
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "BASE_URL": "http://testserver",
            "DATABASE_URL": database_url,
            "DEBUG": "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "JOURNAL_FOLDER": str(folder / "journal"),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
            "OUTBOUND_ALLOW_LOOPBACK": "1",
            "STATIC_ROOT": str(folder / "static"),
        }
    )
