"""The rules of the house that no tool checks."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from pytest_socket import SocketConnectBlockedError

from tests.browser_program import browser

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "connections", "webhooks", "integrations")
LONGEST_FILE = 400


def python_files() -> list[Path]:
    """Return every Python file of ours, less what makemigrations wrote."""
    found = [ROOT / "manage.py", *(ROOT / "requirements").glob("*.py")]
    for folder in (*APPS, "tests"):
        found += [path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]
    return found


def test_no_file_is_longer_than_400_lines() -> None:
    long = {path: len(path.read_text().splitlines()) for path in python_files()}
    assert {path: lines for path, lines in long.items() if lines > LONGEST_FILE} == {}


def test_no_module_is_named_for_nothing() -> None:
    empty_names = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    assert [path for path in python_files() if path.stem in empty_names] == []


def test_the_example_lists_every_variable_that_the_settings_read() -> None:
    source = (ROOT / "config/settings.py").read_text()
    read = set(re.findall(r"^    ([A-Z_]+)=\(", source, re.MULTILINE))
    read |= set(re.findall(r"\benv(?:\.\w+)?\(\s*\"([A-Z_]+)\"", source))
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {"SECRET_KEY", "DATABASE_URL"} <= read
    assert read - listed == set()
    assert listed - read == {"PORT", "SANDBOX_PORT", "EVERGRANT_VAR"}


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_pin_is_hashed_and_names_no_place_to_fetch_it_from(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    pins = re.findall(
        r"^[\w.-]+==\S+ \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)", text, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    assert all(pins)
    assert not re.search(r"://|--find-links|--index|--trusted|@ file", text)


def test_the_pins_hold_what_was_asked_for() -> None:
    pinned = (ROOT / "requirements/dev.txt").read_text()
    asked = (ROOT / "requirements/runtime.in").read_text() + (
        ROOT / "requirements/dev.in"
    ).read_text()
    names = re.findall(r"^([A-Za-z][\w.-]*)", asked, re.MULTILINE)
    missing = [name for name in names if f"\n{name.lower()}==" not in pinned.lower()]
    assert missing == []


def test_the_runtime_pins_are_those_that_were_tested() -> None:
    pins = {}
    for name in ("runtime", "dev"):
        text = (ROOT / f"requirements/{name}.txt").read_text()
        pins[name] = set(re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE))
    assert pins["runtime"] <= pins["dev"]


def test_nothing_but_loopback_is_reached_from_a_test() -> None:
    with (
        socket.socket() as outside,
        pytest.warns(UserWarning, match="tried to use socket"),
        pytest.raises(SocketConnectBlockedError),
    ):
        outside.connect(("192.0.2.1", 443))


def test_the_settings_of_the_tests_are_those_of_production() -> None:
    assert settings.DEBUG is False


def test_the_plain_database_is_not_the_one_that_django_tests_use(
    db: None, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        assert not connection.info.dbname.startswith("test_")
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() is not None


def test_there_is_a_browser_for_the_browser_tests() -> None:
    assert browser().exists()


def test_an_old_python_is_told_in_one_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    result = subprocess.run(
        ["/usr/bin/env", "make", "install", f"PYTHONS={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        "Evergrant needs Python 3.11 or newer, and there is none on the PATH."
    )


def test_the_leash_exits_where_its_holder_is_gone() -> None:
    command = [sys.executable, str(ROOT / "config/leash.py"), "1", "15", "-", "/bin/true"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "is gone" in result.stderr
