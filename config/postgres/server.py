"""Starting and stopping the embedded PostgreSQL."""

import fcntl
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.leash import leashed
from config.postgres import account as accounts
from config.postgres import cluster, leftovers, socket_folder
from config.postgres.binaries import binary
from config.postgres.errors import PostgresError, PostgresInUseError

DATABASE = "evergrant"
START_SECONDS = 60.0
# What PostgreSQL logs while processes of an earlier server still hold its shared memory.
OLD_SERVER_LIVES = "pre-existing shared memory block"
STOP_SECONDS = 15.0
# What a crash of the machine would lose is not worth the time where the data dies with the run.
NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class EmbeddedPostgres:
    """A PostgreSQL server of our own on ``data_dir``, reached through a Unix socket.

    Attributes:
        data_dir: where the data is kept between runs.
        process: the server, while it runs.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._socket_dir = self.data_dir
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """The database's address as DATABASE_URL takes it."""
        return self.url_of(DATABASE)

    @property
    def log(self) -> Path:
        """The server's log of this run; the previous one stands beside it with the ending .1."""
        return self.data_dir / "server.log"

    def url_of(self, database: str) -> str:
        """Return the address of ``database``, spelled as both django-environ and libpq read it."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_dir), safe='/')}"

    def start(self) -> None:
        """Start the server and make the database, keeping what is there.

        Raises:
            PostgresError: it cannot start, or another process runs it on the same folder.
        """
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.data_dir.with_name(f"{self.data_dir.name}.lock"))
        try:
            self._launch()
            self._wait_until_ready()
            self._ensure_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, if it runs: fast, then at once. The data stays."""
        if self.process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self.process.send_signal(number)
                try:
                    self.process.wait(STOP_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self.process = None
        if self._socket_dir != self.data_dir:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def last_words(self) -> str:
        """Return the last lines of the server's log on one line."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " / ".join(lines[-3:]) or "it wrote no log"

    def _launch(self) -> None:
        postgres = binary("postgres")
        account = accounts.server_account()
        if account:
            accounts.let_pass(self.data_dir)
            accounts.let_pass(postgres)
        cluster.prepare(self.data_dir, account=account, durable=self._durable)
        leftovers.clear(self.data_dir)
        self._socket_dir = socket_folder.choose(self.data_dir)
        if account and self._socket_dir != self.data_dir:
            accounts.hand_over(self._socket_dir, account=account)
        self._spawn()

    def _spawn(self) -> None:
        postgres, account = binary("postgres"), accounts.server_account()
        settings = [f"unix_socket_directories={self._socket_dir}", "listen_addresses="]
        settings += [] if self._durable else NOT_DURABLE
        command = [str(postgres), "-D", str(self.data_dir)]
        for setting in settings:
            command += ["-c", setting]
        if self.log.exists():
            self.log.replace(self.log.with_name("server.log.1"))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                leashed(command, number=signal.SIGINT, account=account),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must not reach it before those who use it stop
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                if OLD_SERVER_LIVES not in self.last_words():
                    message = f"PostgreSQL does not start: {self.last_words()}"
                    raise PostgresError(message)
                # The children of a killed server take a moment to notice and to end.
                time.sleep(0.5)
                self._spawn()
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        message = f"PostgreSQL does not answer after {START_SECONDS:.0f} s: {self.last_words()}"
        raise PostgresError(message)

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


@contextmanager
def embedded(data_dir: Path, *, durable: bool = True) -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL on ``data_dir`` for the time of the block. See `EmbeddedPostgres.start`."""
    server = EmbeddedPostgres(data_dir, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _locked(path: Path) -> IO[str]:
    """Return ``path`` opened and locked; the system lets go of it when this process ends."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        message = f"another run of Evergrant uses the database in {path.with_suffix('')}"
        raise PostgresInUseError(message) from error
    return file
