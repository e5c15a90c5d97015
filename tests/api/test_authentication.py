"""Who may call (faults.md 43 and 45)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.models import ApiKey, Project
from integrations.tokens import digest
from tests.api.calling import Caller, code_of, error_of, key_of

PATH = "/auth_configs"


def test_the_key_may_stand_in_x_api_key(project: Project) -> None:
    assert Caller(key_of(project, "read"))("GET", PATH).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_key_may_be_a_bearer_token(project: Project, nobody: Caller, scheme: str) -> None:
    key = key_of(project, "read")
    assert nobody("GET", PATH, authorization=f"{scheme} {key}").status_code == 200


def test_without_a_key_nobody_is_let_in(nobody: Caller) -> None:
    response = nobody("GET", PATH)
    assert code_of(response) == (401, "unauthenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["eg_wrong", "x", "eg_" + "A" * 43])
def test_a_wrong_key_is_refused(db: None, key: str) -> None:
    assert code_of(Caller(key)("GET", PATH)) == (401, "unauthenticated")


def test_the_digest_of_a_key_is_no_key(project: Project) -> None:
    key = key_of(project, "read")
    assert Caller(digest(key))("GET", PATH).status_code == 401


@pytest.mark.parametrize("changed", [str.swapcase, lambda key: key[:-1], lambda key: key + "A"])
def test_a_key_counts_to_the_letter(project: Project, changed: Any) -> None:
    assert Caller(changed(key_of(project, "read")))("GET", PATH).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_a_revoked_or_expired_key_is_refused(project: Project, changes: dict[str, Any]) -> None:
    assert code_of(Caller(key_of(project, "read", **changes))("GET", PATH))[0] == 401


def test_a_key_works_until_it_expires(project: Project) -> None:
    later = timezone.now() + timedelta(minutes=1)
    assert Caller(key_of(project, "read", expires_at=later))("GET", PATH).status_code == 200


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Token eg_x", "eg_x", "Bearerx eg_x"])
def test_other_schemes_are_no_keys_and_are_not_logged(
    nobody: Caller, settings: Settings, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    settings.DEBUG = True
    with caplog.at_level(logging.DEBUG, logger="django"):
        assert nobody("GET", PATH, authorization=header).status_code == 401
    assert header not in caplog.text


@pytest.mark.parametrize(
    "key",
    [
        "eg_\r\nX-Evil: 1",
        "eg_\n",
        "eg_ blank",
        "eg_\t",
        "eg_\x00",
        "eg_\x7f",
        "eg_\u00fc",
        "\u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439",
        "\U0001f511",
        "eg_" + "x" * 5000,
    ],
)
@pytest.mark.parametrize("place", ["x-api-key", "authorization"])
def test_a_key_that_no_key_looks_like_is_a_bad_request(
    nobody: Caller, key: str, place: str
) -> None:
    sent = key if place == "x-api-key" else f"Bearer x{key}"
    response = nobody("GET", PATH, **{place: sent})
    assert code_of(response) == (400, "invalid_request")
    assert key not in response.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": ""},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
    ],
)
def test_an_empty_key_is_a_bad_request(nobody: Caller, headers: dict[str, str]) -> None:
    """Granian makes an empty text of a header that is not ASCII."""
    assert code_of(nobody("GET", PATH, **headers)) == (400, "invalid_request")


def test_a_wrong_key_takes_one_lookup(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        Caller("eg_wrong")("GET", PATH)
    assert len(queries) == 1


def test_the_time_of_the_last_use_is_kept_to_the_minute(project: Project) -> None:
    call = Caller(key_of(project, "read"))
    call("GET", PATH)
    first = ApiKey.objects.get().last_used_at
    call("GET", PATH)
    assert ApiKey.objects.get().last_used_at == first is not None


def test_a_minute_later_the_use_is_kept_again(project: Project) -> None:
    call = Caller(key_of(project, "read"))
    call("GET", PATH)
    earlier = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.update(last_used_at=earlier)
    call("GET", PATH)
    used = ApiKey.objects.get().last_used_at
    assert used
    assert used > earlier + timedelta(seconds=60)


def test_a_use_within_the_minute_writes_nothing(project: Project) -> None:
    call = Caller(key_of(project, "read"))
    call("GET", PATH)
    with CaptureQueriesContext(connection) as queries:
        call("GET", PATH)
    assert not any("UPDATE" in str(query["sql"]) for query in queries)


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_key_that_this_process_knows_ends_with_the_next_call(project: Project, end: str) -> None:
    """Whoever revokes it does so elsewhere: in another process, or by SQL."""
    call = Caller(key_of(project, "read"))
    assert call("GET", PATH).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE integrations_apikey SET {end} = now() - interval '1 second'")  # noqa: S608 - a name of ours
    assert call("GET", PATH).status_code == 401


def test_a_known_key_expires_by_the_clock_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = timezone.now() + timedelta(minutes=5)
    call = Caller(key_of(project, "read", expires_at=end))
    assert call("GET", PATH).status_code == 200
    monkeypatch.setattr("config.api_keys.timezone.now", lambda: end)
    assert call("GET", PATH).status_code == 401


def test_a_key_is_not_repeated_in_an_answer(db: None) -> None:
    response = Caller("eg_canary")("GET", PATH)
    assert "canary" not in str(error_of(response)) + str(response.headers)
