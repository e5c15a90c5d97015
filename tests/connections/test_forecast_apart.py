"""What is told where the provider contradicts the catalog, and where one account fails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from connections.forecast import AGAIN, warn_due
from connections.models import ConnectedAccount, Entity
from connections.notices import describe_account
from integrations.catalog import RefreshTokenLife
from integrations.models import AuthConfig
from tests.connections.forecasting import DAY, HOUR, days_told, let_refresh, watch
from tests.connections.proving import change_toolkit, connect_for_long


@pytest.fixture
def now() -> datetime:
    return timezone.now()


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


@pytest.mark.parametrize("days", [9, 20])
def test_an_end_that_the_provider_counts_down_is_told(
    auth_config: AuthConfig,
    entity: Entity,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    days: int,
) -> None:
    change_toolkit(monkeypatch, refresh_token=RefreshTokenLife(idle_seconds=10 * 86_400))
    account = connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now,
        refresh_token="refresh-1",
        expires_in=3600,
        refresh_token_expires_in=days * 86_400.0,
    )
    end = now + days * DAY
    for hours in range(3, days * 24, 3):
        moment = now + hours * HOUR
        let_refresh(account, now=moment, left=end - moment)
        warn_due(now=moment)
    assert days_told(account) == [7, 1]


def another(account: ConnectedAccount, *, now: datetime) -> ConnectedAccount:
    """Connect one more account of the entity, with a client of its own."""
    config = AuthConfig(
        project=account.project,
        name="b",
        toolkit=account.toolkit,
        client_id="b",
        parameters=account.auth_config.parameters,
    )
    config.save()
    return connect_for_long(
        auth_config=config,
        entity=account.entity,
        now=now,
        refresh_token="r",
        expires_in=3600,
        alias="b",
    )


def test_an_account_whose_toolkit_left_the_catalog_does_not_stop_the_others(
    idle: ConnectedAccount, now: datetime
) -> None:
    other = another(idle, now=now)
    AuthConfig.objects.filter(pk=idle.auth_config_id).update(toolkit="gone")
    ConnectedAccount.objects.filter(pk=other.pk).update(refresh_failing_since=now)
    with capture_logs() as logs:
        watch(since=now, until=now + 9 * DAY)
    assert {line["event"] for line in logs} == {"toolkit_unknown"}
    assert (days_told(idle), days_told(other)) == ([], [7, 1])


def test_an_account_that_cannot_be_told_of_does_not_stop_the_others(
    idle: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    other = another(idle, now=now)
    ConnectedAccount.objects.update(refresh_failing_since=now)
    end = now + 8 * DAY

    def describe(account: ConnectedAccount, **words: Any) -> Any:
        if account.pk == idle.pk:
            raise ZeroDivisionError
        return describe_account(account, **words)

    monkeypatch.setattr("connections.forecast.describe_account", describe)
    assert warn_due(now=end - 7 * DAY) == 1
    assert (days_told(idle), days_told(other)) == ([], [7])
    idle.refresh_from_db()
    # Soon, for as long as it is the same warning.
    assert idle.next_warning_at == end - 7 * DAY + AGAIN
