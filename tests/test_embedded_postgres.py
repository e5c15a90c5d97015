"""The embedded PostgreSQL starts, keeps its data, and survives being killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import environ
import psycopg
import pytest

from config.postgres import PostgresError, PostgresInUseError, embedded
from tests.run_process import ROOT

# Starts a server, says so, and waits to be killed.
HOLD = (
    "import sys, time; from pathlib import Path; from config.postgres import embedded\n"
    "with embedded(Path(sys.argv[1]), durable=False) as server:\n"
    "    print(server.process.pid, flush=True); time.sleep(600)"
)


def hold(data_dir: Path) -> tuple[subprocess.Popen[str], int]:
    """Return another process that runs a server on ``data_dir``, and the server's number."""
    command = [sys.executable, "-c", HOLD, str(data_dir)]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


def kill(holder: subprocess.Popen[str]) -> None:
    """Kill the process and collect it."""
    holder.kill()
    holder.communicate()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    with embedded(tmp_path / "pgdata") as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with embedded(tmp_path / "pgdata") as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_django_reads_the_address_as_libpq_does() -> None:
    # Not pytest's folder: its name may be too long for a socket, which the next test is about.
    with tempfile.TemporaryDirectory(prefix="with space ", dir="/tmp") as folder:
        data_dir = Path(folder, "pgdata")
        with embedded(data_dir, durable=False) as server:
            options = environ.Env.db_url_config(server.url)["OPTIONS"]
            assert options == {"host": str(data_dir)}
            psycopg.connect(server.url).close()


def test_a_path_too_long_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    with embedded(tmp_path / ("x" * 100) / "pgdata", durable=False) as server:
        psycopg.connect(server.url).close()


def test_nobody_else_may_enter_the_data_or_the_socket(tmp_path: Path) -> None:
    with embedded(tmp_path / "pgdata", durable=False) as server:
        assert server.data_dir.stat().st_mode & 0o077 == 0


def test_a_folder_in_use_is_refused_and_its_server_left_alone(tmp_path: Path) -> None:
    with embedded(tmp_path / "pgdata", durable=False) as server:
        with pytest.raises(PostgresInUseError), embedded(tmp_path / "pgdata"):
            pass
        psycopg.connect(server.url).close()


def test_the_server_ends_with_a_killed_owner(tmp_path: Path) -> None:
    holder, server = hold(tmp_path / "pgdata")
    kill(holder)
    with embedded(tmp_path / "pgdata", durable=False) as successor:
        assert successor.process is not None
        assert successor.process.pid != server
        psycopg.connect(successor.url).close()


def test_after_a_kill_of_owner_and_server_the_next_one_starts(tmp_path: Path) -> None:
    holder, server = hold(tmp_path / "pgdata")
    os.kill(server, signal.SIGKILL)
    kill(holder)
    with embedded(tmp_path / "pgdata", durable=False) as successor:
        psycopg.connect(successor.url).close()


def test_a_stale_file_that_names_a_living_stranger_harms_nobody(tmp_path: Path) -> None:
    with embedded(tmp_path / "pgdata", durable=False):
        pass
    (tmp_path / "pgdata/postmaster.pid").write_text(f"{os.getpid()}\n")
    with embedded(tmp_path / "pgdata", durable=False) as server:
        psycopg.connect(server.url).close()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pgdata").mkdir()
    (tmp_path / "pgdata/letter.txt").write_text("Dear all")
    with (
        pytest.raises(PostgresError, match="not a PostgreSQL database"),
        embedded(tmp_path / "pgdata"),
    ):
        pass


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pgdata").mkdir()
    (tmp_path / "pgdata/PG_VERSION").write_text("14\n")
    with (
        pytest.raises(PostgresError, match="written by PostgreSQL 14"),
        embedded(tmp_path / "pgdata"),
    ):
        pass


def test_an_interrupted_first_start_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "pgdata.new").mkdir()
    (tmp_path / "pgdata.new/PG_VERSION").write_text("18\n")
    with embedded(tmp_path / "pgdata", durable=False) as server:
        psycopg.connect(server.url).close()
