"""The sandbox as a process: starting, stopping, restarting, and what it keeps."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
import requests
from psycopg import sql

from tests.integrations.sandbox.oauth_client import CALLBACK, CUT, OAuthClient, Person
from tests.sandbox_process import ROOT, Page, SandboxProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "sandbox_lifecycle"


@pytest.fixture
def own(database_url: str) -> Iterator[SandboxProcess]:
    """Yield a sandbox that is not running yet, and end it if the test left it running."""
    process = SandboxProcess(database_url, schema=SCHEMA, redirect_uris=[CALLBACK])
    yield process
    if process.process is not None:
        process.kill()


def answers(process: SandboxProcess) -> bool:
    """Return whether something still answers at the sandbox's port."""
    try:
        return requests.get(f"{process.url}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def run(process: SandboxProcess, *arguments: str) -> tuple[int, str]:
    """Run a command line that is expected to end by itself. Return exit code and stderr."""
    started = process.spawn(*arguments)
    try:
        errors = started.communicate(timeout=30)[1]
    finally:
        started.kill()
    return started.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(own: SandboxProcess, number: signal.Signals) -> None:
    process = own.start().process
    assert process is not None
    process.send_signal(number)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "for development and tests only" in out


def test_a_taken_port_is_one_line_and_exit_code_1(own: SandboxProcess) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", own.port))
        other.listen()
        code, errors = run(own)
    assert code == 1
    assert errors.startswith(f"sandbox: cannot listen on 127.0.0.1:{own.port}")
    assert errors.count("\n") == 1


def test_a_second_sandbox_cannot_share_the_port(
    own: SandboxProcess, sandbox: SandboxProcess
) -> None:
    code, errors = run(own, f"--port={sandbox.port}")
    assert (code, "cannot listen" in errors) == (1, True)


def test_an_unreachable_database_is_one_line_without_the_password() -> None:
    url = f"postgresql://someone:hush@127.0.0.1:{free_port()}/nothing"
    code, errors = run(SandboxProcess(url))
    assert code == 1
    assert errors.startswith("sandbox: the database failed: ")
    assert errors.count("\n") == 1
    assert "hush" not in errors


def test_a_missing_client_secret_is_one_line(database_url: str) -> None:
    code, errors = run(SandboxProcess(database_url, client_secret=""))
    assert (code, errors) == (
        1,
        "sandbox: SANDBOX_CLIENT_SECRET is not set, and it has no default\n",
    )


def test_a_restart_keeps_keys_people_switches_and_grants(own: SandboxProcess) -> None:
    own.start()
    client, person = OAuthClient(own), Person()
    tokens = client.connect(person)
    own.switches(rotation="grace")
    jwks = requests.get(f"{own.url}/.well-known/jwks.json", timeout=30).json()
    own.stop()
    own.start()
    assert requests.get(f"{own.url}/.well-known/jwks.json", timeout=30).json() == jwks
    assert own.switches()["rotation"] == "grace"
    assert client.works(tokens)
    assert "Apps with access" in Page(person.session.get(own.url, timeout=30)).text


def test_a_redirect_uri_can_be_added_from_the_command_line(own: SandboxProcess) -> None:
    own.start()
    uri = "http://127.0.0.1:9/connect/callback/ac_cli"
    assert run(own, "add-redirect-uri", uri) == (0, "")
    client = OAuthClient(own)
    assert client.exchange(client.consent(Person(), redirect_uri=uri), redirect_uri=uri).ok


def test_an_unusable_redirect_uri_is_one_line(own: SandboxProcess) -> None:
    code, errors = run(own, "add-redirect-uri", "nowhere")
    assert (code, errors.count("\n")) == (1, 1)


def test_the_port_is_free_again_after_the_process_was_killed(own: SandboxProcess) -> None:
    own.start().kill()
    while answers(own):
        time.sleep(0.1)
    own.start()


def test_no_token_stands_in_clear_in_any_table_or_log(
    own: SandboxProcess, database_url: str
) -> None:
    own.start()
    client = OAuthClient(own)
    code = client.consent(Person())
    tokens = client.exchange(code).json()
    fresh = client.refresh(tokens["refresh_token"]).json()
    own.switches(commit_then_cut=True)
    with pytest.raises(CUT):
        client.refresh(fresh["refresh_token"])
    clear = [code, own.client_secret]
    clear += [answer[name] for answer in (tokens, fresh) for name in answer if "_token" in name]
    kept = dump(database_url) + own.stop()[1]
    assert "evergrant-sandbox" in kept
    assert [secret for secret in clear if secret in kept] == []


def dump(database_url: str) -> str:
    """Return every row of every table of the sandbox's schema as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [SCHEMA]
        ).fetchall()
        rows = [
            connection.execute(
                sql.SQL("SELECT t::text FROM {}.{} t").format(
                    sql.Identifier(SCHEMA), sql.Identifier(name)
                )
            ).fetchall()
            for (name,) in tables
        ]
    return str(rows)


def in_sandbox_project(code: str, database_url: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter in which the sandbox's Django project is set up."""
    setup = (
        "import django, sys\n"
        "from integrations.sandbox import runtime\n"
        "runtime.use(runtime.Runtime(database_url=sys.argv[1], schema=sys.argv[2]))\n"
        "django.setup()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", setup + code, database_url, SCHEMA],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_migrations_are_complete(database_url: str) -> None:
    code = (
        "from django.core.management import call_command\n"
        "call_command('makemigrations', 'sandbox', check=True, dry_run=True)\n"
    )
    result = in_sandbox_project(code, database_url)
    assert (result.returncode, result.stdout) == (0, "No changes detected in app 'sandbox'\n")


@pytest.mark.parametrize(
    ("address", "status"), [("192.0.2.7", 403), ("", 403), ("127.0.0.1", 204), ("::1", 204)]
)
def test_the_control_api_answers_loopback_only(
    own: SandboxProcess, database_url: str, address: str, status: int
) -> None:
    own.start()
    code = (
        "from django.test import RequestFactory\n"
        "from integrations.sandbox.control import calls\n"
        f"request = RequestFactory().delete('/sandbox/calls', REMOTE_ADDR={address!r})\n"
        "print(calls(request).status_code)\n"
    )
    assert in_sandbox_project(code, database_url).stdout == f"{status}\n"


def test_importing_integrations_does_not_pull_the_sandbox_in() -> None:
    code = "import integrations, sys; print([m for m in sys.modules if 'sandbox' in m])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
