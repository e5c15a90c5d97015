"""The forecast of grants that will end: numbers, and the accounts behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.endings import count_endings, ending_accounts, is_moved_in_time
from connections.models import AccountTally, ConnectedAccount, Status
from integrations.models import AuthConfig
from tests.described_services import oauth_service

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)


def ending(account: ConnectedAccount, ends_at: object, **changes: object) -> ConnectedAccount:
    ConnectedAccount.objects.filter(pk=account.pk).update(
        grant_ends_at=ends_at, granted_at=NOW - 3 * DAY, **changes
    )
    return account


def forecast(*moved: str) -> int:
    """Return the number, having seen that as many accounts stand behind it."""
    found = count_endings(AccountTally.objects.all(), moved=moved, now=NOW)
    behind = ending_accounts(ConnectedAccount.objects.all(), moved=moved, now=NOW)
    number = sum(each.number for each in found)
    assert behind.count() == number
    return number


@pytest.mark.parametrize(("days", "number"), [(0.01, 1), (3, 1), (12.9, 1), (15, 0)])
def test_what_ends_within_the_window_is_counted(
    account: ConnectedAccount, days: float, number: int
) -> None:
    ending(account, NOW + days * DAY)
    assert forecast() == number


def test_a_grant_without_an_end_is_not_counted(account: ConnectedAccount) -> None:
    assert forecast() == 0


def test_an_account_that_is_not_active_any_more_is_not_counted(account: ConnectedAccount) -> None:
    ending(account, NOW + DAY, status=Status.EXPIRED)
    assert forecast() == 0


def test_a_grant_that_lives_for_hours_is_not_forecast(account: ConnectedAccount) -> None:
    ConnectedAccount.objects.update(grant_ends_at=NOW + DAY / 2, granted_at=NOW)
    assert forecast() == 0


def test_a_grant_that_was_refreshed_in_its_last_hours_is_counted(
    account: ConnectedAccount,
) -> None:
    ending(account, NOW + DAY / 2, refreshed_at=NOW)
    assert forecast() == 1


def test_an_end_that_the_next_refresh_moves_counts_only_while_refreshing_fails(
    account: ConnectedAccount,
) -> None:
    ending(account, NOW + 2 * DAY)
    assert forecast(account.auth_config_id) == 0
    ending(account, NOW + 2 * DAY, refresh_failing_since=NOW)
    assert forecast(account.auth_config_id) == 1


@pytest.mark.parametrize(
    ("life", "moved"),
    [
        ({}, False),
        ({"idle_seconds": 5 * 86_400}, True),
        ({"idle_seconds": 90 * 86_400}, False),
        ({"absolute_seconds": 5 * 86_400}, True),
        ({"absolute_seconds": 5 * 86_400, "extended_by_refresh": False}, False),
    ],
)
def test_only_short_lives_that_a_refresh_begins_anew_are_always_near_their_end(
    auth_config: AuthConfig, life: dict[str, object], moved: bool
) -> None:
    told: dict[str, Any] = {"refresh_token": life} if life else {}
    told |= {"category": "custom", "description": "A service."}
    auth_config.service = oauth_service("http://127.0.0.1:9", **told)
    auth_config.toolkit, auth_config.parameters = "house_crm", {}
    assert is_moved_in_time(auth_config) is moved


def test_an_auth_config_whose_toolkit_is_lost_moves_nothing(auth_config: AuthConfig) -> None:
    auth_config.toolkit = "gone"
    assert not is_moved_in_time(auth_config)
