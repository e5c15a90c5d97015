"""A real process refuses to serve with a missing or weak key, and says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]
STRONG = "k3Y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2
SERVE = "import config.wsgi; print('serving', callable(config.wsgi.application))"
TOLD = """
from django.conf import settings
print([settings.METRICS_TOKEN, settings.SSO_CLIENT_SECRET])
"""
PRODUCTION = {
    "SECRET_KEY": STRONG,
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "BASE_URL": "https://grants.example.com",
    "ALLOWED_HOSTS": "grants.example.com",
}


def run(*arguments: str, database: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a production environment with ``changes``; an empty one is left out."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    url = database or "postgresql://127.0.0.1:1/nobody"
    given = {"DATABASE_URL": url, "STATIC_ROOT": os.environ["STATIC_ROOT"]}
    environment = kept | PRODUCTION | given | changes
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


BROKEN = [
    pytest.param({"SECRET_KEY": ""}, "SECRET_KEY is missing", "E001", id="no key"),
    pytest.param({"SECRET_KEY": "weak"}, "SECRET_KEY is too weak", "E001", id="weak key"),
    pytest.param(
        {"FIELD_ENCRYPTION_KEYS": ""}, "FIELD_ENCRYPTION_KEYS is missing", "E002", id="no seal"
    ),
    pytest.param(
        {"FIELD_ENCRYPTION_KEYS": "canary-no-key"}, "not a Fernet key", "E003", id="broken seal"
    ),
    pytest.param({"BASE_URL": ""}, "BASE_URL is missing", "E005", id="no base URL"),
    pytest.param({"REFRESH_LEASE_SECONDS": "5"}, "REFRESH_LEASE_SECONDS", "E006", id="lease"),
    pytest.param({"CONNECT_LINK_SECONDS": "5"}, "CONNECT_LINK_SECONDS", "E007", id="links"),
]


@pytest.mark.parametrize(("changes", "message", "number"), BROKEN)
def test_the_web_server_refuses_to_start(
    changes: dict[str, str], message: str, number: str
) -> None:
    started = run("-c", SERVE, **changes)
    assert started.returncode == 1
    assert started.stdout == ""
    [line] = started.stderr.splitlines()
    assert line.startswith("Refusing to start: ")
    assert message in line
    assert f"(integrations.{number})" in line
    assert len(line.partition(f"{number})")[2]) > 20, "a hint follows"
    assert "canary" not in line


@pytest.mark.parametrize(("changes", "message", "number"), BROKEN)
def test_manage_py_check_says_the_same(changes: dict[str, str], message: str, number: str) -> None:
    checked = run("manage.py", "check", **changes)
    assert checked.returncode == 1
    assert message in checked.stderr
    assert f"integrations.{number}" in checked.stderr
    assert "HINT: " in checked.stderr
    assert "Traceback" not in checked.stderr


def test_each_of_several_faults_is_one_line() -> None:
    started = run("-c", SERVE, SECRET_KEY="", FIELD_ENCRYPTION_KEYS="", BASE_URL="")
    assert started.returncode == 1
    assert [line[:18] for line in started.stderr.splitlines()] == ["Refusing to start:"] * 3


def test_a_sound_production_environment_starts_even_while_the_database_is_away() -> None:
    started = run("-c", SERVE)
    assert (started.returncode, started.stdout) == (0, "serving True\n"), started.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS"])
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PRODUCTION[name]}\n")
    started = run("-c", SERVE, **{name: "", f"{name}_FILE": str(file)})
    assert (started.returncode, started.stdout) == (0, "serving True\n"), started.stderr


def test_the_line_break_at_a_files_end_is_no_part_of_the_secret(tmp_path: Path) -> None:
    given = {}
    for name, ending in (("METRICS_TOKEN", "\n"), ("SSO_CLIENT_SECRET", "\r\n")):
        (tmp_path / name).write_bytes(f" s3cret{ending}".encode())
        given[f"{name}_FILE"] = str(tmp_path / name)
    told = run("-c", TOLD, DJANGO_SETTINGS_MODULE="config.settings", **given)
    assert told.stdout == "[' s3cret', ' s3cret']\n", told.stderr


def test_a_key_that_did_not_seal_the_database_is_refused(fresh_database_url: str) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    assert run("manage.py", "migrate", "-v0", database=fresh_database_url).returncode == 0
    with psycopg.connect(fresh_database_url) as connection:
        connection.execute("DELETE FROM integrations_keycanary")
    first = run("-c", SERVE, database=fresh_database_url, FIELD_ENCRYPTION_KEYS=keys[0])
    wrong = run("-c", SERVE, database=fresh_database_url, FIELD_ENCRYPTION_KEYS=keys[1])
    both = run("-c", SERVE, database=fresh_database_url, FIELD_ENCRYPTION_KEYS=",".join(keys[::-1]))
    assert [first.returncode, wrong.returncode, both.returncode] == [0, 1, 0]
    assert "(integrations.E004)" in wrong.stderr
    assert not any(key in wrong.stderr for key in keys)


SANDBOX = """
import sys
import config.wsgi
from django.conf import settings
from django.urls import get_resolver
assert not any("sandbox" in app for app in settings.INSTALLED_APPS), settings.INSTALLED_APPS
assert not any("sandbox" in str(pattern.pattern) for pattern in get_resolver().url_patterns)
loaded = [name for name in sys.modules if "sandbox" in name or name.startswith("allauth.idp")]
print("loaded:", loaded)
"""


@pytest.mark.parametrize("debug", ["0", "1"])
def test_the_sandbox_provider_is_no_part_of_the_web_server(debug: str) -> None:
    started = run("-c", SANDBOX, DEBUG=debug)
    assert (started.returncode, started.stdout) == (0, "loaded: []\n"), started.stderr
