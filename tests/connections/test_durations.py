"""How long ago and how long still, as a person reads it."""

from datetime import UTC, datetime, timedelta

import pytest

from connections.connect.catalog_words import in_words
from connections.durations import time_ago, time_left

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=3, hours=5), "3 days ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_the_past_is_told_in_its_largest_unit(distance: timedelta, told: str) -> None:
    assert time_ago(NOW - distance, now=NOW).replace("\xa0", " ") == told


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(seconds=59), ""),
        (timedelta(seconds=-5), ""),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours, 59 minutes"),
    ],
)
def test_what_is_left_is_told_in_two_units(distance: timedelta, told: str) -> None:
    assert time_left(NOW + distance, now=NOW).replace("\xa0", " ") == told


def test_an_empty_text_of_a_toolkit_stays_empty() -> None:
    assert in_words("") == ""
