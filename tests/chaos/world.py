"""Everything that a run consists of: started in order, ended in order."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from config.fresh_keys import fresh_field_encryption_key, fresh_secret_key
from config.run.web_server import web_server
from tests.chaos import marks
from tests.chaos.chronicle import Chronicle
from tests.chaos.database import ChaosDatabase
from tests.chaos.families import GRACE, STRICT
from tests.chaos.options import Options
from tests.chaos.plan import DELIVERER, WEB, WORKER
from tests.chaos.programs import ROOT, Program
from tests.chaos.provider_process import ProviderProcess
from tests.receiver import Receiver
from tests.run_process import OWN
from tests.sandbox_process import free_port

START_SECONDS = 60.0
HEALTH_SECONDS = 2.0
HOOK_PATH, CALLBACK_PATH = "/hooks", "/connected"
WEB_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class Seed:
    """What the driver may know of the project: as much as an app does."""

    api_key: str
    webhook_secret: str
    auth_configs: dict[str, str]


class World:
    """A folder, a database, two providers, a receiver, and Evergrant's processes."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.chronicle = Chronicle()
        self.folder = Path(tempfile.mkdtemp(prefix="evergrant-chaos-", dir="/tmp"))
        self.journal_folder = self.folder / "journal"
        self.marks_folder = self.folder / "marks"
        self.database = ChaosDatabase(self.folder)
        self.receiver = Receiver()
        self.providers = {
            name: ProviderProcess(
                name=name,
                folder=self.folder,
                lifetimes=list(options.lifetimes),
                seed=options.seed,
            )
            for name in (STRICT, GRACE)
        }
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.programs: list[Program] = []
        self.seed = Seed(api_key="", webhook_secret="", auth_configs={})

    def start(self) -> None:
        """Start everything and return once the web server answers."""
        self.database.start()
        for provider in self.providers.values():
            provider.start()
        self.receiver.__enter__()
        environment = self._environment()
        self._manage(environment, "migrate", "--no-input", "-v0")
        self.seed = self._seed(environment)
        self.programs = self._programs(environment)
        for program in self.programs:
            program.start()
        self._wait_for_web()

    def stop(self, *, keep: bool) -> None:
        """End everything; remove the folder unless it is to be kept."""
        for program in self.programs:
            if program.lives:
                program.kill()
        self.receiver.close()
        for provider in self.providers.values():
            provider.stop()
        self.database.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def web_answers(self) -> bool:
        """Whether the web server is up."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=HEALTH_SECONDS).ok
        except requests.RequestException:
            return False

    def of_kind(self, kind: str) -> list[Program]:
        """Return the programs of a kind: worker, web or deliverer."""
        return [program for program in self.programs if program.kind == kind]

    def _programs(self, environment: dict[str, str]) -> list[Program]:
        common: dict[str, Any] = {"environment": environment, "logs": self.folder}
        web = web_server(port=self.port, threads=WEB_THREADS)
        # The server ends its own children only where it is asked to.
        programs = [Program(name="web", kind=WEB, command=web, leash=signal.SIGTERM, **common)]
        watch = ["manage.py", "deliver_due", "--watch", "--pause=0.5"]
        programs.append(Program(name="deliverer", kind=DELIVERER, command=watch, **common))
        for number in range(1, self.options.workers + 1):
            command = ["manage.py", "refresh_due", "--watch"]
            programs.append(
                Program(name=f"worker-{number}", kind=WORKER, command=command, **common)
            )
        return programs

    def _environment(self) -> dict[str, str]:
        shell = {name: value for name, value in os.environ.items() if name not in OWN}
        static = self.folder / "static"
        static.mkdir()
        self.marks_folder.mkdir()
        return shell | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.database.url,
            "DEBUG": "0",
            "SECRET_KEY": fresh_secret_key(),
            "FIELD_ENCRYPTION_KEYS": fresh_field_encryption_key(),
            "ALLOWED_HOSTS": "127.0.0.1",
            "BASE_URL": self.url,
            "OUTBOUND_ALLOW_LOOPBACK": "1",
            "LOG_LEVEL": "INFO",
            "LOG_FORMAT": "json",
            "STATIC_ROOT": str(static),
            "JOURNAL_FOLDER": str(self.journal_folder),
            "REFRESH_LEASE_SECONDS": str(self.options.lease),
            "PYTHONPATH": str(marks.MODULE_FOLDER),
            marks.VARIABLE: str(self.marks_folder),
        }

    def _seed(self, environment: dict[str, str]) -> Seed:
        given = {
            "providers": {name: each.url for name, each in self.providers.items()},
            "callback_url": f"{self.receiver.url}{CALLBACK_PATH}",
            "hook_url": f"{self.receiver.url}{HOOK_PATH}",
        }
        code = f"from tests.chaos.seeding import seed; seed(**{given!r})"
        shown = self._manage(environment, "shell", "--no-imports", "-c", code)
        return Seed(**json.loads(shown.strip().splitlines()[-1]))

    def _manage(self, environment: dict[str, str], *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr[-2000:]}")
        return done.stdout

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.web_answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the web server did not answer: see {self.folder}")
            time.sleep(0.1)
