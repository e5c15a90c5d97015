"""``manage.py keys`` as an operator runs it: real processes, a file of variables, a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from integrations.models import AuthConfig
from integrations.secrets import Secret, keyring
from tests.integrations.key_connections import url_of_database, wait_until_alone
from tests.integrations.key_rows import Keys, column_of
from tests.integrations.sealing import PROVIDER, make_project

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 120
SERVE = "import config.wsgi"
FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


def make_many(count: int) -> None:
    project = make_project()
    AuthConfig.objects.bulk_create(
        AuthConfig(
            project=project,
            name=f"Notes {number}",
            toolkit="sandbox",
            client_id="client",
            client_secret=Secret(f"s3cret-{number}"),
            parameters=PROVIDER,
        )
        for number in range(count)
    )


def environment(*keys: str, **more: str) -> dict[str, str]:
    """Return what a process is started with. This one, which does not know the keys, leaves."""
    wait_until_alone()
    return os.environ | {
        "DATABASE_URL": url_of_database(),
        "FIELD_ENCRYPTION_KEYS": ",".join(keys),
        **more,
    }


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class Installation:
    """A file of variables, as systemd gives it to each process that it starts."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        path.write_text(f"# Secrets.\nSECRET_KEY=kept\nFIELD_ENCRYPTION_KEYS={key}\n")
        path.chmod(0o600)

    @property
    def keys(self) -> str:
        [value] = re.findall(r"^FIELD_ENCRYPTION_KEYS=(.*)$", self.path.read_text(), re.MULTILINE)
        return str(value)

    def start(self, *command: str, keys: str | None = None) -> subprocess.CompletedProcess[str]:
        variables = environment(keys or self.keys, KEYS_ENV_FILE=str(self.path))
        return run(*command, **variables)

    def keys_step(self, *arguments: str) -> str:
        done = self.start("manage.py", "keys", *arguments)
        assert done.returncode == 0, done.stderr
        assert not FERNET_KEY.search(done.stdout + done.stderr)
        return done.stdout


def test_an_operator_rotates_and_the_old_list_starts_nothing_any_more(
    keys_in_turn: Keys, tmp_path: Path
) -> None:
    make_many(3)
    service = Installation(tmp_path / "evergrant.env", keys_in_turn.configured[0])
    added = service.keys_step("add")
    [new] = re.findall(r"keys promote ([0-9a-f]{8})", added)
    before = service.keys
    service.keys_step("promote", new)
    service.keys_step("reseal")
    service.keys_step("retire", keys_in_turn.ids[0])
    assert keyring.key_id(service.keys) == new
    assert service.start("-c", SERVE).returncode == 0
    stale = service.start("-c", SERVE, keys=before)
    assert stale.returncode == 1
    assert f"was retired. (key {keys_in_turn.ids[0]}) (integrations.E004)" in stale.stderr
    assert service.path.read_text().startswith("# Secrets.\nSECRET_KEY=kept\n")
    assert service.path.stat().st_mode & 0o777 == 0o600


def test_make_manage_changes_the_keys_of_make_run(keys_in_turn: Keys, tmp_path: Path) -> None:
    [key] = keys_in_turn.configured
    kept = tmp_path / "evergrant.env"
    kept.write_text(f"SECRET_KEY={'s3cret-' * 9}\nFIELD_ENCRYPTION_KEYS={key}\nA=b=c\n")
    variables = environment(EVERGRANT_VAR=str(tmp_path), SECRET_KEY="")
    done = run("-m", "config.run.manage", "keys", "add", **variables)
    assert done.returncode == 0, done.stderr
    [secret_key, keys, other] = kept.read_text().splitlines()
    assert (secret_key, other) == (f"SECRET_KEY={'s3cret-' * 9}", "A=b=c")
    assert re.fullmatch(f"FIELD_ENCRYPTION_KEYS={key},{FERNET_KEY.pattern}", keys)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_says_so_and_the_next_one_does_the_rest(
    keys_in_turn: Keys, number: signal.Signals
) -> None:
    make_many(1500)
    keys_in_turn.rotate()
    command = [sys.executable, "manage.py", "keys", "reseal"]
    with subprocess.Popen(
        [*command, "--batch-size=1"],
        env=environment(*keys_in_turn.configured),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for_text_of(keys_in_turn.ids[0])
            process.send_signal(number)
            said = process.communicate(timeout=PATIENCE_SECONDS)[1]
        finally:
            process.kill()
    secrets = column_of(AuthConfig, "client_secret")
    left = secrets.count_by_key()[keys_in_turn.ids[1]]
    assert process.returncode == 1
    assert said.strip() == f"CommandError: Stopped with {left:,} texts left: run it again to go on."
    assert 0 < left < 1500
    assert run(*command[1:], **environment(*keys_in_turn.configured)).returncode == 0
    assert secrets.count_by_key() == {keys_in_turn.ids[0]: 1500}


def wait_for_text_of(key_id: str) -> None:
    """Wait, as a stranger to the keys, until a client secret is sealed with ``key_id``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    query = "SELECT count(*) FROM integrations_authconfig WHERE left(client_secret, 8) = %s"
    with psycopg.connect(url_of_database(), autocommit=True) as connected:
        while connected.execute(query, [key_id]).fetchone() == (0,):
            assert time.monotonic() < deadline, "it did not happen in time"


def on_a_terminal(*arguments: str, keys: list[str]) -> str:
    """Run ``manage.py keys`` on a terminal and return what a person sees."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "keys", *arguments],
        env=environment(*keys, TERM="xterm", COLUMNS="120"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert process.wait(PATIENCE_SECONDS) == 0, seen
    return seen.decode()


def test_a_terminal_shows_a_bar_with_the_rate_and_no_text(keys_in_turn: Keys) -> None:
    make_many(300)
    keys_in_turn.rotate()
    seen = on_a_terminal("reseal", "--batch-size=50", keys=keys_in_turn.configured)
    assert "300/300" in seen
    assert re.search(r"[1-9][\d,]* rows/s", seen)
    assert "s3cret" not in seen


def test_a_terminal_shows_a_new_key_that_no_file_takes(keys_in_turn: Keys) -> None:
    seen = on_a_terminal("add", keys=keys_in_turn.configured)
    [key] = FERNET_KEY.findall(seen)
    assert keyring.key_id(key) in seen


def test_a_log_gets_no_bar(keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    make_many(60)
    keys_in_turn.rotate()
    done = run("manage.py", "keys", "reseal", **environment(*keys_in_turn.configured))
    assert (done.returncode, done.stderr) == (0, "")
    assert "60 re-sealed" in done.stdout
