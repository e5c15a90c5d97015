"""When a provider wants to be called again."""

from datetime import UTC, datetime

import pytest

from integrations.schemes import Refused
from integrations.schemes.retry_after import retry_after_seconds
from integrations.schemes.verdict import judge_answer
from tests.integrations.judging import SANDBOX, answer, refusal


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("9999999999", None),
        ("\u0661\u0662", None),
        ("30, 60", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wednesday, 21-Oct-26 07:28:30 GMT", 30.0),
        ("Wed Oct 21 07:28:30 2026", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, \u0662\u0661 Oct 2026 07:28:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str, seconds: float | None) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert retry_after_seconds(answer(429, {}, Retry_After=value), now=now) == seconds


def test_a_date_is_relative_to_the_providers_own_clock() -> None:
    headers = {
        "Date": "Wed, 21 Oct 2026 09:00:00 GMT",
        "Retry_After": "Wed, 21 Oct 2026 09:05:00 GMT",
    }
    an_hour_behind = datetime(2026, 10, 21, 8, 0, tzinfo=UTC)
    verdict = judge_answer(answer(429, {}, **headers), SANDBOX, now=an_hour_behind)
    assert isinstance(verdict, Refused)
    assert verdict.retry_after == 300


@pytest.mark.parametrize("body", [{}, {"error": "slow_down"}, b"<html>"])
def test_without_the_providers_clock_a_date_is_relative_to_ours(body: object) -> None:
    late = answer(503, body, Retry_After="Wed, 21 Oct 2026 08:05:00 GMT")
    verdict = judge_answer(late, SANDBOX, now=datetime(2026, 10, 21, 8, 0, tzinfo=UTC))
    assert isinstance(verdict, Refused)
    assert verdict.retry_after == 300


def test_a_date_without_any_clock_says_nothing() -> None:
    wanted = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert refusal(429, {}, Retry_After=wanted).retry_after is None
