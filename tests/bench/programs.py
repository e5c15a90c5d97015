"""The processes of a benchmark: started, frozen while others are measured, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from config.leash import leashed
from config.run.web_server import web_server
from tests.bench.options import ROOT
from tests.sandbox_process import free_port

END_SECONDS: Final = 20.0
START_SECONDS: Final = 60.0


class Program:
    """One Python process in a group of its own. Its output goes to ``<folder>/<name>.log``."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                leashed([sys.executable, *command], number=signal.SIGKILL),
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def freeze(self) -> None:
        """Stop it until `thaw`, so that it takes nothing from what is measured."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def resident_bytes(self) -> int:
        """Return the resident memory of the process and of what it started."""
        return sum(process.memory_info().rss for process in self._tree())

    def cpu_seconds(self) -> float:
        """Return the processor time that the process and what it started have used."""
        times = [process.cpu_times() for process in self._tree()]
        return float(sum(each.user + each.system for each in times))

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def check_alive(self) -> None:
        """Raise RuntimeError where it has ended."""
        if self.process.poll() is not None:
            words = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {words}")

    def end(self) -> None:
        """Ask it to end, and kill it and its group where it does not."""
        for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            if number is signal.SIGTERM:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(END_SECONDS)
        self.process.wait(END_SECONDS)


class Team:
    """Programs that are measured together, while other teams are frozen."""

    def __init__(self) -> None:
        self.programs: list[Program] = []

    def freeze(self) -> None:
        """Stop the processes while another team is measured."""
        for program in self.programs:
            program.freeze()

    def thaw(self) -> None:
        """Let the processes go on."""
        for program in self.programs:
            program.thaw()

    def cpu_seconds(self) -> float:
        """Return the processor time that the processes have used so far."""
        return sum(program.cpu_seconds() for program in self.programs)


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    """End ``programs`` after the block."""
    try:
        yield
    finally:
        for program in programs:
            program.end()


def start_worker(processes: int, environment: Mapping[str, str], folder: Path) -> Program:
    """Start a worker that refreshes with so many processes."""
    command = ["manage.py", "refresh_due", "--watch"]
    if processes > 1:
        command += ["--processes", str(processes)]
    return Program("worker", command, environment, folder)


def start_web(
    name: str, application: str, environment: Mapping[str, str], folder: Path, *, threads: int
) -> tuple[Program, int]:
    """Start a web server for ``application`` and return it with its port, once it answers."""
    port = free_port()
    command = web_server(port=port, threads=threads, application=application)
    program = Program(name, command, environment, folder)
    try:
        _wait_until_it_answers(program, port)
    except BaseException:
        program.end()
        raise
    return program, port


def _wait_until_it_answers(program: Program, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        program.check_alive()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{program.name} does not answer")
