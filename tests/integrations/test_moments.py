"""Points in time in words."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.moments import relative

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=45), "in 45 s"),
        (timedelta(minutes=4, seconds=59), "in 4 min"),
        (timedelta(hours=-2, minutes=-59), "2 h ago"),
        (timedelta(hours=-47), "47 h ago"),
        (timedelta(days=-3, hours=-1), "3 d ago"),
    ],
)
def test_a_moment_in_words(distance: timedelta, words: str) -> None:
    assert relative(NOW + distance, now=NOW) == words
