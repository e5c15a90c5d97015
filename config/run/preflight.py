"""What must be true before anything is started; each failure is one clear line."""

import fcntl
import importlib.util
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from config.run.errors import RunError
from config.run.options import HOST, Options

OLDEST_PYTHON = (3, 11)
CONNECT_SECONDS = 5


def check_machine() -> None:
    """Raise RunError on an old Python or where `make install` has not run."""
    if sys.version_info < OLDEST_PYTHON:
        message = f"Evergrant needs Python 3.11 or newer; this is {sys.version.split()[0]}"
        raise RunError(message)
    for name in ("django", "granian", "django_q", "allauth"):
        if importlib.util.find_spec(name) is None:
            message = f"the package {name} is missing: run `make install`"
            raise RunError(message)


def check_ports(options: Options) -> None:
    """Raise RunError where something else listens on one of our ports."""
    for name, port in (("PORT", options.port), ("SANDBOX_PORT", options.sandbox_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                probe.listen()
            except OSError as error:
                message = (
                    f"port {port} cannot be used ({(error.strerror or str(error)).lower()}): "
                    f"choose another one, for example `{name}={port + 10} make run`"
                )
                raise RunError(message) from error


def check_database(url: str) -> None:
    """Raise RunError where DATABASE_URL is no PostgreSQL address or nothing answers there."""
    if not url.startswith(("postgres://", "postgresql://")):
        message = "DATABASE_URL must start with postgresql://"
        raise RunError(message)
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        message = f"the database of DATABASE_URL does not answer: {reason}"
        raise RunError(message) from error


@contextmanager
def only_run(options: Options) -> Iterator[None]:
    """Hold the lock that keeps a second run out. Raises RunError where there is a first."""
    options.var.mkdir(parents=True, exist_ok=True)
    with (options.var / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            message = f"Evergrant runs already: {file.read().strip()}"
            raise RunError(message) from error
        file.truncate(0)
        file.write(f"{options.web_url} (process {os.getpid()})\n")
        file.flush()
        yield
