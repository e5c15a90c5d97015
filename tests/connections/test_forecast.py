"""Who is told that a grant is about to end, when, and what; each once."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import forecast
from connections.actors import SYSTEM
from connections.forecast import warn_due
from connections.models import ConnectedAccount, ConnectLink, Entity
from connections.notices import describe_account
from connections.operations import disable_account, enable_account
from integrations.catalog import RefreshTokenLife
from integrations.models import AuthConfig
from tests.connections.forecasting import (
    DAY,
    EXPIRING,
    HOUR,
    SECOND,
    days_told,
    let_refresh,
    watch,
)
from tests.connections.proving import change_toolkit, connect_for_long, events_of, reconnect
from webhooks.models import Event


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def end(now: datetime) -> datetime:
    """When the grant of ``ending`` ends."""
    return now + 30 * DAY


@pytest.fixture
def ending(
    auth_config: AuthConfig, entity: Entity, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> ConnectedAccount:
    """An ACTIVE account whose grant ends 30 days from now, however often it is refreshed."""
    life = RefreshTokenLife(absolute_seconds=30 * 86_400, extended_by_refresh=False)
    change_toolkit(monkeypatch, refresh_token=life)
    return connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
    )


def test_the_app_is_told_seven_days_and_one_day_before(
    ending: ConnectedAccount, now: datetime, end: datetime
) -> None:
    assert warn_due(now=end - 7 * DAY - SECOND) == 0
    assert warn_due(now=end - 7 * DAY) == 1
    assert warn_due(now=end - DAY - SECOND) == 0
    assert warn_due(now=end - DAY) == 1
    assert days_told(ending) == [7, 1]


def test_nothing_is_told_twice_and_nothing_after_the_end(
    ending: ConnectedAccount, now: datetime, end: datetime
) -> None:
    watch(since=now, until=end + 9 * DAY)
    assert days_told(ending) == [7, 1]


def test_the_event_says_when_and_carries_a_reconnect_link(
    ending: ConnectedAccount, settings: Settings, end: datetime
) -> None:
    warn_due(now=end - 7 * DAY)
    [event] = events_of(ending, EXPIRING)
    said = event.payload()["data"]
    assert said["grant_ends_at"] == end.isoformat()
    assert (said["status"], said["old_status"]) == ("ACTIVE", "ACTIVE")
    assert said["reauth_url"].startswith(f"{settings.BASE_URL}/connect/")
    assert "reauth_url" not in event.data
    link = ConnectLink.objects.get(account=ending)
    assert link.expires_at == end - 7 * DAY + timedelta(seconds=settings.REAUTH_LINK_SECONDS)


def test_each_warning_has_a_link_of_its_own(ending: ConnectedAccount, end: datetime) -> None:
    warn_due(now=end - 7 * DAY)
    warn_due(now=end - DAY)
    urls = {event.payload()["data"]["reauth_url"] for event in events_of(ending, EXPIRING)}
    assert len(urls) == 2


def test_refreshes_that_leave_the_end_where_it_is_change_nothing(
    ending: ConnectedAccount, now: datetime, end: datetime
) -> None:
    for hours in range(0, 9 * 24, 3):
        moment = end - 9 * DAY + hours * HOUR
        let_refresh(ending, now=moment)
        warn_due(now=moment)
    assert days_told(ending) == [7, 1]


def test_an_end_that_is_told_a_little_differently_each_time_is_one_end(
    auth_config: AuthConfig, entity: Entity, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
        refresh_token_expires_in=9 * 86_400.0,
    )
    end = now + 9 * DAY
    for before in (7 * DAY, DAY):
        warn_due(now=end - before)
        # The provider's seconds are rounded, and the answer took a while.
        let_refresh(account, now=end - before + SECOND, left=before + 2 * SECOND)
        warn_due(now=end - before + 9 * SECOND)
        let_refresh(account, now=end - before + 10 * SECOND, left=before - 12 * SECOND)
        warn_due(now=end - before + 20 * SECOND)
    assert days_told(account) == [7, 1]


def test_an_end_that_moved_a_little_before_the_warning_is_told_once(
    auth_config: AuthConfig, entity: Entity, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
        refresh_token_expires_in=9 * 86_400.0,
    )
    end = now + 9 * DAY
    let_refresh(account, now=end - 8 * DAY, left=8 * DAY + 2 * HOUR / 3)
    watch(since=end - 8 * DAY, until=end - 6 * DAY)
    assert days_told(account) == [7]


def test_a_refresh_does_not_swallow_a_warning_that_is_overdue(
    ending: ConnectedAccount, end: datetime
) -> None:
    let_refresh(ending, now=end - 7 * DAY + HOUR)
    assert warn_due(now=end - 7 * DAY + 2 * HOUR) == 1
    assert days_told(ending) == [7]


def test_after_a_long_stop_one_warning_says_what_is_left(
    ending: ConnectedAccount, end: datetime
) -> None:
    assert warn_due(now=end - 4 * DAY) == 1
    watch(since=end - 4 * DAY, until=end)
    assert days_told(ending) == [4, 1]


def test_an_end_that_has_come_is_not_told(ending: ConnectedAccount, end: datetime) -> None:
    assert warn_due(now=end) == 0
    ending.refresh_from_db()
    assert (ending.next_warning_at, days_told(ending)) == (None, [])


def test_a_reconnect_moves_the_end_and_begins_anew(
    ending: ConnectedAccount, now: datetime, end: datetime
) -> None:
    watch(since=now, until=end - 6 * DAY)
    reconnect(ending, now=end - 6 * DAY, refresh_token="refresh-9", expires_in=3600)
    watch(since=end - 6 * DAY, until=end + 40 * DAY)
    assert days_told(ending) == [7, 7, 1]


def test_an_end_within_seven_days_of_connecting_is_told_once(
    auth_config: AuthConfig, entity: Entity, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    change_toolkit(monkeypatch, refresh_token=RefreshTokenLife(testing_mode_seconds=7 * 86_400))
    auth_config.testing_mode = True
    auth_config.save()
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
    )
    watch(since=now, until=now + 9 * DAY)
    assert days_told(account) == [1]


@pytest.fixture
def idle(
    auth_config: AuthConfig, entity: Entity, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> ConnectedAccount:
    """An ACTIVE account whose refresh token ends when it is not used for eight days."""
    change_toolkit(monkeypatch, refresh_token=RefreshTokenLife(idle_seconds=8 * 86_400))
    return connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3 * 86_400,
    )


def test_a_grant_that_the_next_refresh_renews_is_not_about_to_end(
    idle: ConnectedAccount, now: datetime
) -> None:
    for round_ in range(9):
        watch(since=now + round_ * 2 * DAY, until=now + (round_ + 1) * 2 * DAY)
        let_refresh(idle, now=now + (round_ + 1) * 2 * DAY)
    assert days_told(idle) == []


def test_an_end_that_the_provider_tells_a_little_sooner_than_the_catalog_is_that_end(
    auth_config: AuthConfig, entity: Entity, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    life = RefreshTokenLife(absolute_seconds=9 * 86_400, extended_by_refresh=False)
    change_toolkit(monkeypatch, refresh_token=life)
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
        refresh_token_expires_in=9 * 86_400.0 - 10,
    )
    watch(since=now, until=now + 9 * DAY)
    assert days_told(account) == [7, 1]


def test_a_grant_that_nobody_can_refresh_is_about_to_end(
    idle: ConnectedAccount, now: datetime
) -> None:
    ConnectedAccount.objects.update(refresh_failing_since=now)
    watch(since=now, until=now + 9 * DAY)
    assert days_told(idle) == [7, 1]


def test_a_grant_that_is_never_refreshed_is_about_to_end(
    auth_config: AuthConfig, entity: Entity, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    change_toolkit(monkeypatch, refresh_token=RefreshTokenLife(idle_seconds=90 * 86_400))
    account = connect_for_long(
        auth_config=auth_config, entity=entity, now=now, refresh_token="refresh-1"
    )
    ConnectedAccount.objects.update(refresh_at=None)
    watch(since=now, until=now + 91 * DAY)
    assert days_told(account) == [7, 1]


def test_small_steps_of_an_idle_end_add_up(
    auth_config: AuthConfig, entity: Entity, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
        refresh_token_expires_in=8 * 86_400.0,
    )
    for halves in range(1, 100):
        let_refresh(account, now=now + halves * HOUR / 2, left=8 * DAY)
        warn_due(now=now + halves * HOUR / 2)
    assert days_told(account) == []


def test_a_disabled_account_is_told_of_when_it_is_enabled(
    ending: ConnectedAccount, end: datetime
) -> None:
    disable_account(account=ending, actor=SYSTEM)
    assert warn_due(now=end - 6 * DAY) == 0
    enable_account(account=ending, actor=SYSTEM)
    assert warn_due(now=end - 5 * DAY) == 1
    assert days_told(ending) == [5]


def test_a_token_that_nothing_renews_is_the_grant(
    auth_config: AuthConfig, entity: Entity, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config, entity=entity, now=now, expires_in=60 * 86_400
    )
    watch(since=now, until=now + 61 * DAY)
    assert days_told(account) == [7, 1]


def test_a_grant_without_a_known_end_is_never_told_of(
    auth_config: AuthConfig, entity: Entity, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=math.inf,
    )
    assert (account.grant_ends_at, account.next_warning_at) == (None, None)
    assert warn_due(now=now + 1000 * DAY) == 0


def test_many_are_told_in_one_go_up_to_the_limit(
    ending: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, now: datetime, end: datetime
) -> None:
    monkeypatch.setattr(forecast, "BATCH", 2)
    for number in range(4):
        connect_for_long(
            auth_config=ending.auth_config,
            entity=ending.entity,
            now=now,
            refresh_token="refresh-1",
            expires_in=3600,
            alias=str(number),
        )
    assert warn_due(now=end - 7 * DAY, limit=3) == 3
    assert warn_due(now=end - 7 * DAY) == 2


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_tell_it_once(
    ending: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, end: datetime
) -> None:
    holding, looked = threading.Event(), threading.Event()

    def slowly(*args: Any, **words: Any) -> Any:
        holding.set()
        looked.wait(90)
        return describe_account(*args, **words)

    def warn() -> int:
        try:
            return warn_due(now=end - 7 * DAY)
        finally:
            connections.close_all()

    monkeypatch.setattr("connections.forecast.describe_account", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(warn)
        assert holding.wait(60)
        try:
            # It does not even wait for the account that the first one holds.
            assert pool.submit(warn).result(timeout=30) == 0
        finally:
            looked.set()
        assert first.result(timeout=60) == 1
    assert Event.objects.filter(type=EXPIRING).count() == 1
