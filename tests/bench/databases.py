"""Databases for the suites: a durable server, and copies of a migrated template."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from config.postgres import embedded
from tests.bench.options import ROOT


class Server:
    """A PostgreSQL server on which databases come and go."""

    def __init__(self, url: str) -> None:
        self._url = url

    def setting(self, name: str) -> str:
        """Return the value of the server's setting ``name``."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return str(row[0]) if row else ""

    @contextmanager
    def database(self, template: str = "") -> Iterator[str]:
        """Make a database, a copy of the one at the URL ``template``, for the time of the block."""
        name = f"evergrant_bench_{secrets.token_hex(4)}"
        make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            original = urlsplit(template).path.lstrip("/")
            make += sql.SQL(" TEMPLATE {}").format(sql.Identifier(original))
        self._run(make)
        try:
            yield urlsplit(self._url)._replace(path=f"/{name}").geturl()
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Run a server that keeps what it commits; or use the one of DATABASE_URL as it is."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield Server(given)
        return
    with embedded(folder / "pgdata", durable=True) as running:
        yield Server(running.url)


def migrate(environment: Mapping[str, str], *arguments: str) -> None:
    """Make the tables of the Django project that ``environment`` describes."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity=0", *arguments],
        cwd=ROOT,
        env=dict(environment),
        check=True,
    )
