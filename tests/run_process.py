"""``make run``'s own program as a real process, for tests of starting and stopping it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = "Evergrant runs."
START_SECONDS = 240.0  # a machine that runs other tests beside it may be slow
STOP_SECONDS = 20.0
# What the test run's own environment must not hand down.
OWN = {"DATABASE_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}
OWN |= {"ALLOWED_HOSTS", "BASE_URL", "DEBUG", "LOG_LEVEL", "OUTBOUND_ALLOW_LOOPBACK"}


class RunProcess:
    """``python -m config.run`` with a folder and ports of its own.

    Attributes:
        var: its folder, kept between starts.
        root: the folder of the source that runs.
        output: what it wrote since the last start.
    """

    def __init__(self, var: Path, *, port: int, sandbox_port: int, **variables: str) -> None:
        self.var = var
        self.root = ROOT
        self.port = port
        self.sandbox_port = sandbox_port
        self.output = ""
        shell = {name: value for name, value in os.environ.items() if name not in OWN}
        ports = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
        self.environment = shell | ports | {"EVERGRANT_VAR": str(var)} | variables
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()

    @property
    def pid(self) -> int:
        """The number of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def spawn(self) -> None:
        """Start it, without waiting for anything."""
        self.output = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=[self._process])
        self._reader.start()

    def start(self) -> str:
        """Start it and return what it wrote until everything answered."""
        self.spawn()
        self.wait_for(lambda: READY in self.output and "curl" in self.output)
        return self.output

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return once ``condition()``. Raises AssertionError where that takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert self._process is not None
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, as the terminal or a supervisor would."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return its exit code, once it has ended and everything it wrote is read."""
        assert self._process is not None
        code = self._process.wait(START_SECONDS)
        self._reader.join(STOP_SECONDS)
        return code

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGINT)
        return self.wait()

    def living(self, pattern: str = "") -> list[int]:
        """Return the processes that carry this folder in their environment and match ``pattern``.

        PostgreSQL's own processes carry another title, but keep the environment.
        """
        return [
            pid
            for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
            if pid != os.getpid()
            and f"EVERGRANT_VAR={self.var}\0" in _proc(pid, "environ")
            and re.search(pattern, command_of(pid))
        ]

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as pipe:
            for line in pipe:
                self.output += line


def command_of(pid: int) -> str:
    """Return the command line of a process; empty where it has ended."""
    return _proc(pid, "cmdline").replace("\0", " ")


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError:
        return ""
