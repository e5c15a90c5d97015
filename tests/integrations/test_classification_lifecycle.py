"""When refresh tokens end, and what the catalog says of rotation, calls and probes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.catalog import RefreshTokenLife, get_toolkit

GRANTED = datetime(2026, 1, 1, tzinfo=UTC)
REFRESHED = GRANTED + timedelta(days=30)


def end(life: RefreshTokenLife, **given: Any) -> float | None:
    """Return the day of the end, counted from the consent; the last refresh was on day 30."""
    moment = life.ends_at(granted_at=GRANTED, refreshed_at=REFRESHED, **given)
    return None if moment is None else (moment - GRANTED) / timedelta(days=1)


def days(number: float) -> int:
    return int(number * 86_400)


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        ({}, None),
        ({"idle_seconds": days(90)}, 120),
        ({"absolute_seconds": days(180)}, 210),
        ({"absolute_seconds": days(180), "extended_by_refresh": False}, 180),
        ({"idle_seconds": days(90), "absolute_seconds": days(180)}, 120),
        (
            {
                "idle_seconds": days(90),
                "absolute_seconds": days(100),
                "extended_by_refresh": False,
            },
            100,
        ),
    ],
)
def test_the_first_end_counts(facts: dict[str, Any], day: float | None) -> None:
    assert end(RefreshTokenLife(**facts)) == day


def test_the_providers_own_word_replaces_what_a_refresh_begins_anew() -> None:
    life = RefreshTokenLife(idle_seconds=days(90), absolute_seconds=days(180))
    assert end(life, answered_seconds=days(200)) == 230


def test_the_providers_own_word_moves_no_end_that_counts_from_the_consent() -> None:
    life = RefreshTokenLife(absolute_seconds=days(40), extended_by_refresh=False)
    assert end(life, answered_seconds=days(100)) == 40
    assert end(life, answered_seconds=days(5)) == 35


def test_where_the_catalog_knows_nothing_the_providers_word_counts() -> None:
    assert end(RefreshTokenLife(), answered_seconds=days(7)) == 37


def test_testing_mode_ends_a_grant_sooner() -> None:
    google = get_toolkit("gmail").refresh_token
    assert end(google) == 210
    assert end(google, testing_mode=True) == 7


@pytest.mark.parametrize(
    ("slug", "day"),
    [
        ("outlook", 30 + 90),
        ("githubapp", 30 + 182.5),
        ("spotify", 182.5),
        ("linkedin", 365),
        ("jira", 30 + 90),
        ("quickbooks", 30 + 100),
        ("outreach", 30 + 14),
        ("xero", 30 + 60),
        ("hubspot", None),
        ("sandbox", None),
    ],
)
def test_grants_of_real_providers_end(slug: str, day: float | None) -> None:
    assert end(get_toolkit(slug).refresh_token) == day


def test_the_sandbox_is_strict_as_it_is_unless_switched() -> None:
    sandbox = get_toolkit("sandbox")
    assert (sandbox.rotation, sandbox.grace_seconds) == ("rotates", 0)


def test_what_is_not_said_of_calls_and_probes_has_a_default() -> None:
    calls, probe = get_toolkit("sandbox").calls, get_toolkit("sandbox").probe
    assert (calls.endpoint_concurrency, calls.client_concurrency) == (128, 128)
    assert (calls.endpoint_per_second, calls.client_per_second) == (None, None)
    assert probe.every_seconds == days(1)
