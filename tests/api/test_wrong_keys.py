"""Whoever keeps guessing keys is refused without a look (faults.md 45)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.core.internal import ratelimit
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.models import ApiKey, Project
from tests.api.calling import Caller, code_of, error_of, key_of

PATH = "/auth_configs"
ALLOWED = 20


def guess(times: int, *, address: str = "192.0.2.1", **headers: str) -> list[int]:
    """Try that many wrong keys from ``address``; return the statuses."""
    return [
        from_address(address, f"eg_wrong{number}", **headers).status_code for number in range(times)
    ]


def from_address(address: str, key: str, **headers: str) -> Any:
    return Caller(key, **headers)._client.get(
        "/api/v1" + PATH, headers={"x-api-key": key} | headers, REMOTE_ADDR=address
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the limit: it stands, and a test moves it."""
    now = [time.time()]
    monkeypatch.setattr(ratelimit.time, "time", lambda: now[0])
    return now


@pytest.mark.django_db
def test_twenty_wrong_keys_a_minute_are_too_many() -> None:
    assert guess(ALLOWED + 2) == [401] * ALLOWED + [429] * 2


@pytest.mark.django_db
def test_the_answer_says_when_to_come_back(clock: list[float]) -> None:
    guess(ALLOWED)
    clock[0] += 15.5
    response = from_address("192.0.2.1", "eg_wrong")
    assert code_of(response) == (429, "rate_limited")
    assert response["Retry-After"] == "45"
    assert error_of(response)["details"] == {"retry_after": 45}


@pytest.mark.django_db
def test_after_a_minute_the_address_may_try_again(clock: list[float]) -> None:
    guess(ALLOWED)
    clock[0] += 60.5
    assert guess(1) == [401]


@pytest.mark.django_db
def test_a_refused_key_is_not_even_looked_up() -> None:
    guess(ALLOWED)
    with CaptureQueriesContext(connection) as queries:
        assert guess(1) == [429]
    assert queries.captured_queries == []


def test_a_right_guess_after_too_many_wrong_ones_is_refused_too(project: Project) -> None:
    guess(ALLOWED)
    assert from_address("192.0.2.1", key_of(project, "read")).status_code == 429


def test_an_app_that_works_is_not_locked_out_by_its_neighbour(project: Project) -> None:
    key = key_of(project, "read")
    assert from_address("192.0.2.1", key).status_code == 200
    guess(ALLOWED)
    assert from_address("192.0.2.1", key).status_code == 200


def test_a_key_that_worked_and_was_revoked_is_refused(project: Project) -> None:
    key = key_of(project, "read")
    from_address("192.0.2.1", key)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert from_address("192.0.2.1", key).status_code == 401


@pytest.mark.django_db
def test_other_addresses_are_not_affected() -> None:
    guess(ALLOWED)
    assert guess(1, address="192.0.2.2") == [401]


@pytest.mark.django_db
def test_ipv6_addresses_of_one_network_count_together() -> None:
    for number in range(ALLOWED):
        guess(1, address=f"2001:db8:1:2::{number:x}")
    assert guess(1, address="2001:db8:1:2:ffff::1") == [429]
    assert guess(1, address="2001:db8:1:3::1") == [401]


@pytest.mark.django_db
def test_a_header_does_not_change_the_address_unless_a_proxy_is_trusted(settings: Settings) -> None:
    for number in range(ALLOWED):
        guess(1, **{"x-forwarded-for": f"198.51.100.{number}"})
    assert guess(1, **{"x-forwarded-for": "198.51.100.99"}) == [429]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert guess(1, **{"x-forwarded-for": "198.51.100.99"}) == [401]


def test_right_keys_are_never_counted(owner: Caller) -> None:
    assert {owner("GET", PATH).status_code for _ in range(ALLOWED * 2)} == {200}


@pytest.mark.django_db
def test_calls_without_a_key_are_not_counted(nobody: Caller) -> None:
    assert {nobody("GET", PATH).status_code for _ in range(ALLOWED * 2)} == {401}


def test_a_client_without_an_address_is_served(project: Project) -> None:
    assert from_address("", key_of(project, "read")).status_code == 200
    assert from_address("", "eg_wrong").status_code == 401
