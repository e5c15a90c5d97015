"""The running whole: database, web server, worker, sandbox provider."""

import subprocess
import sys
import time
from functools import partial
from types import TracebackType
from typing import Self

from config.postgres import EmbeddedPostgres
from config.run import console, environment, keys, preflight
from config.run.ending import end_all
from config.run.errors import RunError
from config.run.management import manage, set_up_demo
from config.run.options import HOST, ROOT, Options
from config.run.process import Process
from config.run.readiness import healthy, wait_until
from config.run.summary import summary
from config.run.web_server import web_server


class Installation:
    """Everything `make run` starts. Leaving the block stops it, the database last."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.processes: list[Process] = []
        self._postgres: EmbeddedPostgres | None = None
        self._keys: dict[str, str] = {}
        self._database_url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.processes or self._postgres:
            console.progress("stopping")
        end_all(self.processes)
        if self._postgres is not None:
            self._postgres.stop()

    def start(self) -> None:
        """Start everything, wait until it answers and show where it is. Raises RunError."""
        options = self.options
        preflight.check_ports(options)
        if options.database_url:
            preflight.check_database(options.database_url)
        self._keys = keys.load_or_generate(options.var)
        self._database_url = options.database_url or self._start_postgres()
        self._prepare()
        demo = self._set_up_demo()
        self._start_processes(redirect_uri=demo["callback_redirect_uri"])
        self._wait()
        console.plain(summary(options, demo, self._keys["DEMO_API_KEY"]))

    def watch(self) -> None:
        """Return never: raise RunError when a process has died."""
        while True:
            self._check_alive()
            time.sleep(0.2)

    def _start_postgres(self) -> str:
        data_dir = self.options.var / "pgdata"
        console.progress("starting PostgreSQL" if data_dir.exists() else "making the database")
        self._postgres = EmbeddedPostgres(data_dir)
        self._postgres.start()
        return self._postgres.url

    def _service(self) -> dict[str, str]:
        return environment.service(self.options, self._keys, self._database_url)

    def _prepare(self) -> None:
        console.progress("migrating")
        manage("migrate", "--no-input", environment=self._service())
        console.progress("collecting static files")
        manage("collectstatic", "--no-input", environment=self._service())

    def _set_up_demo(self) -> dict[str, object]:
        console.progress("setting up the demo project")
        demo = set_up_demo(
            sandbox_url=self.options.sandbox_url,
            environment=environment.demo(self.options, self._keys, self._database_url),
        )
        kept = {"DATABASE_URL": self._database_url}
        if demo["api_key"]:
            # The database holds its digest only; the next run shows the same call.
            kept["DEMO_API_KEY"] = demo["api_key"]
        self._keys |= kept
        keys.save(self.options.var, self._keys)
        return demo

    def _start_processes(self, *, redirect_uri: object) -> None:
        console.progress("starting web server, worker and sandbox provider")
        python = sys.executable
        web = [python, *web_server(port=self.options.port)]
        sandbox = [python, "-m", "integrations.sandbox", f"--host={HOST}"]
        sandbox += [f"--port={self.options.sandbox_port}", f"--client-redirect-uri={redirect_uri}"]
        worker = [python, "manage.py", "qcluster"]
        apart = environment.sandbox(self._keys, self._database_url)
        for name, command, variables in (
            ("web", web, self._service()),
            ("sandbox", sandbox, apart),
            ("worker", worker, self._service()),
        ):
            self.processes.append(Process(name, command, variables))

    def _wait(self) -> None:
        # A process of its own asks the worker: Django is not loaded here, and the wait is long.
        probe = subprocess.Popen(
            [sys.executable, "-m", "config.run.tasks"],
            cwd=ROOT,
            env=self._service() | {"LOG_LEVEL": "WARNING"},
        )
        try:
            for name, url in (
                ("web", self.options.web_url),
                ("sandbox", self.options.sandbox_url),
            ):
                wait_until(name, partial(healthy, url), self._check_alive)
            wait_until("worker", lambda: probe.poll() is not None, self._check_alive)
        finally:
            probe.kill()
            probe.wait()
        if probe.returncode != 0:
            message = "worker does not answer"
            raise RunError(message)

    def _check_alive(self) -> None:
        for process in self.processes:
            if process.exit_code is not None:
                process.drain()
                self._tell_of(process.name, list(process.lines))
                message = f"{process.name} stopped with exit code {process.exit_code}"
                raise RunError(message)
        server = self._postgres.process if self._postgres else None
        if server is not None and server.poll() is not None and self._postgres is not None:
            message = f"PostgreSQL stopped: {self._postgres.last_words()}"
            raise RunError(message)

    def _tell_of(self, name: str, lines: list[str]) -> None:
        console.progress(f"{name} died; its last lines:")
        for line in lines:
            console.plain(f"    {line}")
