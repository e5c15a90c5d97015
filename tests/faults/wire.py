"""A stretch of wire between a worker and PostgreSQL, on which an acknowledgement gets lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.faults.processes import PATIENCE_SECONDS, database

CHUNK = 65536


class Wire:
    """Passes everything on, but for PostgreSQL's answer to one commit.

    That answer waits (``held`` is set) until `let_through` or `cut`. The server has then done
    what it was asked to do, and the worker does not know.

    Args:
        after: text of the statement whose transaction's commit that is.
        alone: the statement is a transaction of its own. It is prepared first, then run.

    Attributes:
        url: what the worker takes for the database.
    """

    def __init__(self, *, after: str, alone: bool = False) -> None:
        self._alone = alone
        self.held = threading.Event()
        self._after = after.encode()
        self._used = False
        self._cut = False
        self._let_go = threading.Event()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user, _, _ = urlsplit(database()).netloc.rpartition("@")
        host = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
        self.url = urlsplit(database())._replace(netloc=host, query="").geturl()

    @contextmanager
    def passing(self) -> Iterator[Wire]:
        """Pass on while the block runs."""
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self.cut()
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            for each in self._open:
                each.close()

    def let_through(self) -> None:
        """Pass the answer on, late."""
        self._let_go.set()

    def cut(self) -> None:
        """Break the connection instead; others pass."""
        self._cut = True
        self._let_go.set()

    def _accept(self) -> None:
        while True:
            try:
                worker, _ = self._listening.accept()
            except OSError:
                return
            server = _connect()
            self._open += [worker, server]
            holding = threading.Event()
            for run in (self._ask, self._answer):
                threading.Thread(target=run, args=(worker, server, holding), daemon=True).start()

    def _ask(self, worker: socket.socket, server: socket.socket, holding: threading.Event) -> None:
        seen, begun = b"", False
        for data in _received(worker):
            commits = (self._alone and begun) or b"COMMIT" in data
            seen = (seen + data)[-2 * CHUNK :]
            begun = begun or self._after in seen
            if begun and not self._used and commits:
                self._used = True
                holding.set()
            if not _send(server, data):
                break
        _close(server)

    def _answer(
        self, worker: socket.socket, server: socket.socket, holding: threading.Event
    ) -> None:
        for data in _received(server):
            if holding.is_set():
                self.held.set()
                self._let_go.wait(PATIENCE_SECONDS)
                if self._cut:
                    break
                holding.clear()
            if not _send(worker, data):
                break
        _close(worker)
        _close(server)


def _connect() -> socket.socket:
    """Connect to the server of the tests, by TCP or by a socket in a folder."""
    parts = urlsplit(database())
    folder = parse_qs(parts.query).get("host", [""])[0]
    if parts.hostname and not folder:
        return socket.create_connection((parts.hostname, parts.port or 5432))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{folder}/.s.PGSQL.{parts.port or 5432}")
    return server


def _received(connection: socket.socket) -> Iterator[bytes]:
    try:
        while data := connection.recv(CHUNK):
            yield data
    except OSError:
        return


def _send(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
