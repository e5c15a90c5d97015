"""System checks: each names what is wrong, and what to do."""

import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import checks as django_checks
from pytest_django.fixtures import Settings

from config.startup import refuse_if_unsafe
from integrations import checks, outbound
from integrations.catalog import loader
from integrations.catalog.faults import inspect_files

STRONG = "k3Y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2


def ids(messages: list[django_checks.CheckMessage]) -> list[str | None]:
    """Return the ids of what a check found; every finding is an error with a hint."""
    assert all(message.is_serious() and message.hint for message in messages)
    return [message.id for message in messages]


@pytest.mark.parametrize("key", ["", "short", "a" * 80, "abab" * 20, "0123456789" * 4])
def test_e001_a_missing_short_or_monotonous_secret_key(settings: Settings, key: str) -> None:
    settings.SECRET_KEY_GIVEN = key
    assert ids(checks.check_secret_key()) == ["integrations.E001"]


def test_e001_passes_a_strong_key(settings: Settings) -> None:
    settings.SECRET_KEY_GIVEN = STRONG
    assert checks.check_secret_key() == []


def test_e001_tells_missing_from_weak(settings: Settings) -> None:
    told = []
    for key in ("", "weak"):
        settings.SECRET_KEY_GIVEN = key
        told.append(checks.check_secret_key()[0].msg)
    assert told == ["SECRET_KEY is missing.", "SECRET_KEY is too weak."]


def test_e002_no_key_to_seal_with(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert ids(checks.check_encryption_keys()) == ["integrations.E002"]


KEY = Fernet.generate_key().decode()


@pytest.mark.parametrize(
    "keys",
    [
        ["not a key"],
        [KEY, "x"],
        [KEY[:-1]],
        [KEY, KEY],
        [KEY, f" {KEY}\n"],
        [f"{KEY[:5]}!{KEY[5:]}"],
        [f"{KEY}\n{KEY}"],
        [" "],
        ["\u00e9" * 44],
    ],
)
def test_e003_something_that_is_no_key_or_is_there_twice(
    settings: Settings, keys: list[str]
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    found = checks.check_encryption_keys()
    assert ids(found) == ["integrations.E003"]
    assert KEY not in f"{found[0].msg}{found[0].hint}"


def test_e003_passes_several_keys_and_blanks_around_them(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [KEY, f" {Fernet.generate_key().decode()}\n"]
    assert checks.check_encryption_keys() == []


@pytest.mark.parametrize("keys", [[], ["not a key"]])
def test_e004_waits_until_the_keys_are_keys(settings: Settings, keys: list[str]) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    assert checks.check_canaries() == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "grants.example.com",
        "http://grants.example.com",
        "ftp://grants.example.com",
        "https://grants.example.com/path",
        "https:/grants.example.com",
        "javascript://grants.example.com",
    ],
)
def test_e005_a_base_url_that_is_no_https_origin(settings: Settings, url: str) -> None:
    settings.BASE_URL, settings.DEBUG, settings.OUTBOUND_ALLOW_LOOPBACK = url, False, False
    assert ids(checks.check_base_url()) == ["integrations.E005"]


@pytest.mark.parametrize(
    ("url", "debug", "loopback"),
    [
        ("https://grants.example.com", False, False),
        ("https://grants.example.com:8443", False, False),
        ("http://127.0.0.1:8000", True, False),
        ("http://127.0.0.1:8000", False, True),
    ],
)
def test_e005_passes_https_and_in_development_http(
    settings: Settings, url: str, debug: bool, loopback: bool
) -> None:
    settings.BASE_URL, settings.DEBUG, settings.OUTBOUND_ALLOW_LOOPBACK = url, debug, loopback
    assert checks.check_base_url() == []


@pytest.mark.parametrize(("margin", "found"), [(14, ["integrations.E006"]), (15, [])])
def test_e006_a_lease_that_a_token_call_may_outlast(
    settings: Settings, margin: int, found: list[str]
) -> None:
    settings.REFRESH_LEASE_SECONDS = outbound.LIMITS[outbound.Role.TOKEN].deadline + margin
    assert ids(checks.check_lease()) == found


@pytest.mark.parametrize("name", ["CONNECT_LINK_SECONDS", "REAUTH_LINK_SECONDS"])
@pytest.mark.parametrize("seconds", [-1, 0, 59, 86_401])
def test_e007_links_that_live_too_short_or_too_long(
    settings: Settings, name: str, seconds: int
) -> None:
    setattr(settings, name, seconds)
    found = checks.check_link_lifetimes()
    assert ids(found) == ["integrations.E007"]
    assert name in str(found[0].msg)


@pytest.mark.parametrize("seconds", [60, 86_400])
def test_e007_passes_a_minute_to_a_day(settings: Settings, seconds: int) -> None:
    settings.CONNECT_LINK_SECONDS = settings.REAUTH_LINK_SECONDS = seconds
    assert checks.check_link_lifetimes() == []


@pytest.fixture
def faulty_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog with one file, in which a field has a wrong name."""
    file = tmp_path / "acme.yaml"
    file.write_text((loader.FOLDER / "github.yaml").read_text() + "\ncolour: red\n")
    monkeypatch.setattr(checks, "inspect_files", lambda: inspect_files([file]))


@pytest.mark.usefixtures("faulty_catalog")
def test_e008_a_file_of_the_catalog_that_describes_no_toolkit() -> None:
    found = checks.check_toolkits()
    assert ids(found) == ["integrations.E008"]
    assert found[0].msg == "acme.yaml: colour: there is no such field"


@pytest.mark.usefixtures("db", "faulty_catalog")
def test_e008_keeps_the_service_from_starting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        refuse_if_unsafe()
    assert "Refusing to start: acme.yaml: colour: there is" in capsys.readouterr().err


def test_e008_passes_the_catalog_in_no_time_from_cold() -> None:
    loader.get_toolkit.cache_clear()
    start = time.process_time()
    assert checks.check_toolkits() == []
    # Half a second where nothing else runs; ten times that where PyYAML lacks libyaml's parser.
    assert time.process_time() - start < 3


def test_every_check_runs_with_manage_py_check() -> None:
    found: list[Any] = list(django_checks.registry.registry.get_checks())
    registered = {check.__name__ for check in found}
    ours = {name for name in vars(checks) if name.startswith("check_")}
    assert len(ours) == 8
    assert ours <= registered
