"""What a killed run leaves behind: a server without its parent, or the files that name one."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from config.postgres.errors import PostgresError

STOP_SECONDS = 20.0


def clear(data_dir: Path) -> None:
    """Stop a server that still runs on ``data_dir`` and remove the files that name a dead one.

    The caller holds the folder's lock, so whatever runs there has lost the process that started
    it. PostgreSQL's own check takes any process of this user with the old number for the old
    server, which after a restart of the machine is somebody else's.
    """
    pid_file = data_dir / "postmaster.pid"
    pid = _recorded_pid(pid_file)
    if pid is not None and _serves(pid, data_dir):
        _stop(pid, data_dir)
    pid_file.unlink(missing_ok=True)
    for lock in data_dir.glob(".s.PGSQL.*"):
        lock.unlink(missing_ok=True)


def _recorded_pid(pid_file: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError, IndexError):
        return int(pid_file.read_text().splitlines()[0])
    return None


def _serves(pid: int, data_dir: Path) -> bool:
    command_line = _command_line(pid)
    return "postgres" in command_line and str(data_dir) in command_line


def _command_line(pid: int) -> str:
    """Return the command line of process ``pid``, empty where there is none."""
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return ""
    listing = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(listing, check=False, capture_output=True, text=True).stdout


def _stop(pid: int, data_dir: Path) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT):  # fast, then immediate shutdown
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not _serves(pid, data_dir):
                return
            time.sleep(0.05)
    message = f"a PostgreSQL of an earlier run (process {pid}) does not stop: end it and try again"
    raise PostgresError(message)
