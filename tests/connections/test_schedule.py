"""When an account is refreshed, by what its tokens and its toolkit say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connections.schedule import (
    SHORTEST_WAIT_SECONDS,
    WAIT_WHERE_OVER_AT_ONCE_SECONDS,
    Schedule,
    plan,
)
from integrations.catalog import RefreshTokenLife, get_toolkit
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from integrations.secrets import Secret

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def planned(
    monkeypatch: pytest.MonkeyPatch,
    *,
    life: dict[str, Any],
    expires_in: float | None = None,
    refresh_token: Secret | None = Secret("refresh"),  # noqa: B008 - never changed
) -> Schedule:
    facts = {"refresh_token": RefreshTokenLife(**life), "access_token_seconds": None}
    toolkit = get_toolkit("sandbox").model_copy(update=facts)
    monkeypatch.setattr(AuthConfig, "catalog_entry", toolkit)
    tokens = TokenSet(
        access_token=Secret("access"), refresh_token=refresh_token, expires_in=expires_in
    )
    return plan(tokens=tokens, auth_config=AuthConfig(), granted_at=NOW, now=NOW)


def test_a_refresh_token_that_dies_unused_is_used_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = {"idle_seconds": 30 * DAY.total_seconds()}
    times = planned(monkeypatch, life=idle, expires_in=60 * DAY.total_seconds())
    assert times.refresh_at is not None
    assert 17 * DAY < times.refresh_at - NOW < 25 * DAY


def test_so_is_one_beside_an_access_token_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    times = planned(monkeypatch, life={"idle_seconds": 30 * DAY.total_seconds()})
    assert times.expires_at is None
    assert times.refresh_at is not None


def test_an_end_that_no_refresh_moves_makes_none_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = {"absolute_seconds": 30 * DAY.total_seconds(), "extended_by_refresh": False}
    times = planned(monkeypatch, life=fixed, expires_in=60 * DAY.total_seconds())
    assert times.refresh_at is not None
    assert times.refresh_at - NOW > 35 * DAY


def test_a_token_without_an_end_is_probed_and_not_refreshed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = planned(monkeypatch, life={})
    assert times.refresh_at is None
    assert times.probe_at is not None


def test_a_token_that_is_refreshed_soon_is_not_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planned(monkeypatch, life={}, expires_in=3600).probe_at is None


def test_a_token_without_a_refresh_token_is_due_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = planned(monkeypatch, life={}, expires_in=3600, refresh_token=None)
    assert times.refresh_at == times.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("seconds", [0, 1, SHORTEST_WAIT_SECONDS])
def test_a_token_that_is_over_at_once_is_not_refreshed_all_the_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    times = planned(monkeypatch, life={}, expires_in=seconds)
    assert times.refresh_at == NOW + timedelta(seconds=WAIT_WHERE_OVER_AT_ONCE_SECONDS)
    assert times.probe_at is None


def test_a_token_that_lives_a_little_longer_is_refreshed_before_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = planned(monkeypatch, life={}, expires_in=10)
    assert times.expires_at is not None
    assert times.refresh_at is not None
    assert NOW + timedelta(seconds=SHORTEST_WAIT_SECONDS) <= times.refresh_at < times.expires_at


def test_a_refresh_token_that_dies_soon_is_used_in_time_beside_a_token_that_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = planned(monkeypatch, life={"idle_seconds": 60}, expires_in=0)
    assert times.refresh_at is not None
    assert times.refresh_at < NOW + timedelta(seconds=60)
