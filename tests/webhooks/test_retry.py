"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.retry import DELAYS, JITTER, next_attempt_at, parse_retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_schedule_is_the_recommended_one() -> None:
    seconds = [delay.total_seconds() for delay in DELAYS]
    hour = 3600
    assert seconds[:4] == [0, 5, 300, 1800]
    assert seconds[4:] == [2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour]


@pytest.mark.parametrize("attempts", range(1, len(DELAYS)))
def test_each_failure_waits_for_its_delay(attempts: int) -> None:
    assert next_attempt_at(attempts=attempts, now=NOW, spread=0) == NOW + DELAYS[attempts]


def test_jitter_only_ever_adds() -> None:
    latest = next_attempt_at(attempts=2, now=NOW, spread=1)
    assert latest == NOW + DELAYS[2] * (1 + JITTER)


@pytest.mark.parametrize("attempts", [len(DELAYS), len(DELAYS) + 1])
def test_after_the_last_attempt_there_is_none(attempts: int) -> None:
    asked = timedelta(seconds=1)
    assert next_attempt_at(attempts=attempts, now=NOW, spread=0, retry_after=asked) is None


def test_retry_after_lengthens_a_delay() -> None:
    asked = timedelta(minutes=20)
    assert next_attempt_at(attempts=1, now=NOW, spread=0, retry_after=asked) == NOW + asked


def test_retry_after_does_not_shorten_a_delay() -> None:
    asked = timedelta(seconds=1)
    assert next_attempt_at(attempts=2, now=NOW, spread=0, retry_after=asked) == NOW + DELAYS[2]


def test_retry_after_is_capped_at_a_day() -> None:
    asked = timedelta(days=400)
    at = next_attempt_at(attempts=1, now=NOW, spread=0, retry_after=asked)
    assert at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("999999999999999999", timedelta(hours=24)),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 11:00:00 -0000", timedelta(0)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: timedelta | None) -> None:
    assert parse_retry_after(value, now=NOW) == expected


@given(st.text())
def test_no_retry_after_breaks_the_parser(value: str) -> None:
    asked = parse_retry_after(value, now=NOW)
    assert asked is None or asked >= timedelta(0)
