"""Evergrant's own processes, web server and worker, on a database of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from config.run.web_server import web_server
from tests.sandbox_process import CLIENT_SECRET, ROOT, free_port

START_SECONDS = 60
STOP_SECONDS = 20


class EvergrantProcesses:
    """``granian`` and ``manage.py qcluster`` (or another worker) as a person would run them.

    Attributes:
        url: where the web server answers, without a final slash.
        log_folder: every process writes ``<name>.log`` there.
    """

    def __init__(self, database_url: str, log_folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_folder = log_folder
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "BASE_URL": self.url,
            "SANDBOX_CLIENT_SECRET": CLIENT_SECRET,
            "LOG_LEVEL": "INFO",
            "STATIC_ROOT": str(log_folder / "static"),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr[-2000:]}")
        return done.stdout

    def install(self, *, sandbox_url: str, callback_url: str) -> dict[str, Any]:
        """Migrate, collect static files, set up the demo project; return what it printed."""
        self.manage("migrate", "--no-input")
        self.manage("collectstatic", "--no-input")
        shown = self.manage("demo", "--sandbox-url", sandbox_url, "--callback-url", callback_url)
        return dict(json.loads(shown))

    def start_web(self) -> None:
        """Start the web server and return once it answers."""
        self._start("web", *web_server(port=self.port))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/healthz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise RuntimeError(f"the web server did not answer: {self.log('web')[-2000:]}")

    def start_worker(self) -> None:
        """Start the job runner's cluster."""
        self._start("worker", "manage.py", "qcluster")

    def log(self, name: str) -> str:
        """Return what a process wrote so far."""
        return (self.log_folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """End every process, whole group by whole group."""
        for process in self._running.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=STOP_SECONDS)
        self._running.clear()

    def _start(self, name: str, *command: str) -> None:
        with (self.log_folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
