"""`make run` does what the README says: real processes, real signals, free ports."""

import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.run_process import ROOT, RunProcess, command_of
from tests.sandbox_process import free_port


def new_run(var: Path, **variables: str) -> RunProcess:
    """Return a run in the folder ``var`` on free ports."""
    return RunProcess(var, port=free_port(), sandbox_port=free_port(), **variables)


def password_in(output: str) -> str | None:
    """Return the operator's password where the output shows one."""
    found = re.search(r"Operator +operator +password (\S+)  \(shown this once\)", output)
    return found[1] if found else None


def curl_in(output: str) -> list[str]:
    """Return the printed call as a list of arguments."""
    return shlex.split(output[output.index("curl ") :].splitlines()[0])


@pytest.fixture(scope="module")
def first_output(running: RunProcess) -> str:
    """Return what the first run wrote until it was ready."""
    return running.output


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunProcess]:
    """Yield a first run that answers."""
    run = new_run(tmp_path_factory.mktemp("first") / "var")
    try:
        run.start()
        yield run
    finally:
        run.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunProcess]:
    """Yield a run that is not started yet, and end it afterwards."""
    run = new_run(tmp_path / "var")
    yield run
    for pid in run.living():
        os.kill(pid, signal.SIGKILL)


def refused(run: RunProcess) -> str:
    """Start ``run``, which must give up with one line; return the line."""
    run.spawn()
    assert run.wait() == 1
    (line,) = run.output.splitlines()
    return line


def test_the_first_run_shows_the_admin_a_password_a_link_and_a_call(first_output: str) -> None:
    assert re.search(r"Admin +http://127\.0\.0\.1:\d+/admin/\n", first_output)
    assert password_in(first_output)
    assert re.search(r"Connect +http://127\.0\.0\.1:\d+/connect/\S{20,}\n", first_output)


def test_the_shown_call_reads_the_account_of_alice(first_output: str) -> None:
    _, flag, header, url = curl_in(first_output)
    assert flag == "-H"
    name, _, key = header.partition(": ")
    account = requests.get(url, headers={name: key}, timeout=10).json()
    assert account["user_id"] == "alice"


def test_the_shown_link_opens(first_output: str) -> None:
    link = re.search(r"Connect +(\S+)", first_output)
    assert link is not None
    assert requests.get(link[1], timeout=10).status_code == 200


def test_the_shown_password_opens_the_admin(running: RunProcess, first_output: str) -> None:
    root = f"http://127.0.0.1:{running.port}"
    session = requests.Session()
    session.get(f"{root}/accounts/login/", timeout=10)
    form = {"login": "operator", "password": password_in(first_output), "next": "/admin/"}
    form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
    session.post(f"{root}/accounts/login/", data=form, headers={"Referer": root}, timeout=10)
    page = session.get(f"{root}/admin/", timeout=10, allow_redirects=False)
    assert page.status_code == 200


def test_the_admins_style_sheets_are_served(running: RunProcess) -> None:
    root = f"http://127.0.0.1:{running.port}"
    answer = requests.get(f"{root}/static/unfold/css/styles.css", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/css")


def test_every_log_line_tells_its_process(first_output: str) -> None:
    before = first_output[: first_output.index("Evergrant runs.")]
    assert {line.split("|")[0].strip() for line in before.splitlines() if line} == {
        "evergrant",
        "web",
        "worker",
        "sandbox",
    }


def test_the_generated_keys_are_readable_for_their_owner_only(running: RunProcess) -> None:
    mode = (running.var / "evergrant.env").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_sandbox_does_not_get_the_keys_of_the_service(running: RunProcess) -> None:
    for pid in running.living(r"-m integrations\.sandbox"):
        environment = Path(f"/proc/{pid}/environ").read_text()
        assert "SANDBOX_CLIENT_SECRET=" in environment
        assert "FIELD_ENCRYPTION_KEYS=" not in environment
        assert "\0SECRET_KEY=" not in environment


def test_a_second_run_is_refused_while_one_runs(running: RunProcess) -> None:
    line = refused(RunProcess(running.var, port=free_port(), sandbox_port=free_port()))
    assert line.startswith("evergrant: Evergrant runs already: http://127.0.0.1:")


def test_a_command_works_beside_the_running_installation(running: RunProcess) -> None:
    command = [sys.executable, "-m", "config.run.manage", "shell", "--command"]
    command.append("from integrations.models import Project; print(Project.objects.count())")
    result = subprocess.run(
        command, cwd=ROOT, env=running.environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_within_seconds(
    fresh: RunProcess, number: signal.Signals
) -> None:
    fresh.start()
    assert fresh.living("postgres")
    began = time.monotonic()
    fresh.signal(number)
    assert fresh.wait() == 0
    assert time.monotonic() - began < 10
    assert fresh.living() == []


def test_ctrl_c_during_the_start_leaves_nothing(fresh: RunProcess) -> None:
    fresh.spawn()
    fresh.wait_for(lambda: "migrating" in fresh.output)
    assert fresh.stop() == 0
    assert fresh.living() == []


def kill(pids: Iterable[int]) -> None:
    """Kill them; some end by themselves when another one is gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_after_a_kill_of_everything_the_next_run_starts(fresh: RunProcess) -> None:
    first = fresh.start()
    kill(fresh.living())
    fresh.wait()
    assert curl_in(fresh.start()) == curl_in(first)
    fresh.stop()


def test_a_killed_run_takes_its_processes_with_it(fresh: RunProcess) -> None:
    fresh.start()
    fresh.signal(signal.SIGKILL)
    fresh.wait()
    # The database writes out what it has first, and a disk may be busy.
    deadline = time.monotonic() + 30
    while fresh.living() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert {pid: command_of(pid) for pid in fresh.living()} == {}


def test_a_dead_worker_is_named_and_ends_the_run(fresh: RunProcess) -> None:
    fresh.start()
    kill(fresh.living(r"manage\.py qcluster"))
    assert fresh.wait() == 1
    assert "worker died; its last lines:" in fresh.output
    assert fresh.output.splitlines()[-1] == "evergrant: worker stopped with exit code -9"
    assert fresh.living() == []


def test_a_dead_database_is_named_and_ends_the_run(fresh: RunProcess) -> None:
    fresh.start()
    os.kill(int((fresh.var / "pgdata/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    assert fresh.wait() == 1
    assert "evergrant: PostgreSQL stopped: " in fresh.output
    assert fresh.living() == []


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_one_line_before_anything_starts(fresh: RunProcess, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fresh.environment[name] = str(port)
        line = refused(fresh)
    assert line.startswith(f"evergrant: port {port} cannot be used (address already in use): ")
    assert f"{name}=" in line
    assert not (fresh.var / "pgdata").exists()


def test_a_port_that_is_none_is_one_line(fresh: RunProcess) -> None:
    fresh.environment["PORT"] = "http"
    assert refused(fresh).endswith("must be a port number between 1 and 65535, not 'http'")


def test_a_silent_database_is_one_line_without_the_password(fresh: RunProcess) -> None:
    url = f"postgresql://someone:hush@127.0.0.1:{free_port()}/nothing"
    fresh.environment["DATABASE_URL"] = url
    line = refused(fresh)
    assert line.startswith("evergrant: the database of DATABASE_URL does not answer: ")
    assert "hush" not in line


def test_another_kind_of_database_is_one_line(fresh: RunProcess) -> None:
    fresh.environment["DATABASE_URL"] = "mysql://root@127.0.0.1/evergrant"
    assert refused(fresh) == "evergrant: DATABASE_URL must start with postgresql://"


def test_lost_keys_are_told_before_the_database_is_touched(fresh: RunProcess) -> None:
    (fresh.var / "pgdata").mkdir(parents=True)
    assert "is sealed with its keys: put it back" in refused(fresh)


def test_a_given_database_is_used_and_none_is_embedded(
    fresh: RunProcess, fresh_database_url: str
) -> None:
    fresh.environment["DATABASE_URL"] = fresh_database_url
    fresh.start()
    assert not (fresh.var / "pgdata").exists()
    assert fresh.stop() == 0
