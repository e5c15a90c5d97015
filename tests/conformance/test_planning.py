"""What follows from the tokens of each toolkit: when they end, are renewed, and are proven."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connections.schedule import Schedule, plan
from integrations.catalog import RefreshTokenLife, Toolkit
from integrations.schemes import Granted, TokenSet
from integrations.schemes.verdict import judge_answer
from tests.conformance.bodies import put, token_answer
from tests.conformance.credentials import obtain
from tests.conformance.provider import Provider
from tests.conformance.trips import Trip, each_trip
from tests.integrations.judging import answer as token_response

NOW = datetime(2030, 5, 17, 12, tzinfo=UTC)
GRANTED_AT = NOW - timedelta(days=3)
HALF_AN_HOUR = timedelta(minutes=30)


def planned(trip: Trip, tokens: TokenSet, *, granted_at: datetime = GRANTED_AT) -> Schedule:
    return plan(tokens=tokens, auth_config=trip.config, granted_at=granted_at, now=NOW)


def answered(trip: Trip, *, lifetime: int | None = None, **parts: Any) -> Schedule:
    """Return what follows from a token answer with ``parts``.

    Args:
        lifetime: seconds that it says the refresh token has left.
    """
    body: Any = token_answer(trip.catalog, **parts)
    if lifetime is not None:
        body = put(body, trip.catalog.refresh_token.lifetime_field, lifetime)
    verdict = judge_answer(token_response(200, body), trip.catalog)
    assert isinstance(verdict, Granted)
    return planned(trip, verdict.tokens)


def ends(life: RefreshTokenLife, *, answered: int | None = None) -> datetime | None:
    """Return when a refresh token ends by its file: the earliest of all its lives."""
    lives: list[tuple[datetime, int | None]] = [(NOW, answered)]
    if answered is None:
        lives.append((NOW, life.idle_seconds))
    if not life.extended_by_refresh:
        lives.append((GRANTED_AT, life.absolute_seconds))
    elif answered is None:
        lives.append((NOW, life.absolute_seconds))
    known = [start + timedelta(seconds=seconds) for start, seconds in lives if seconds]
    return min(known, default=None)


def habit(toolkit: Toolkit) -> datetime | None:
    seconds = toolkit.access_token_seconds
    return None if seconds is None else NOW + timedelta(seconds=seconds)


def check_proofs(trip: Trip, times: Schedule) -> None:
    """Assert that a refresh or a probe proves the status in time, where anything can."""
    limit = NOW + timedelta(seconds=trip.catalog.probe.every_seconds * 1.1)
    proofs = [moment for moment in (times.refresh_at, times.probe_at) if moment is not None]
    assert trip.catalog.identity is None or min(proofs) <= limit


@each_trip("oauth2")
def test_a_token_ends_when_its_answer_says(trip: Trip) -> None:
    times = answered(trip, refresh_token="r", expires_in=1800)
    assert times.expires_at == NOW + HALF_AN_HOUR
    share, jitter = trip.catalog.refresh_share, trip.catalog.refresh_jitter
    assert times.refresh_at is not None
    assert times.refresh_at <= NOW + HALF_AN_HOUR * (share + jitter)
    if times.grant_ends_at is None or times.grant_ends_at >= times.expires_at:
        assert times.refresh_at >= NOW + HALF_AN_HOUR * (share - jitter)


@each_trip("oauth2")
def test_a_token_ends_by_the_files_habit_and_with_it_a_grant_that_nothing_renews(
    trip: Trip,
) -> None:
    times, end = answered(trip, refresh_token="r"), habit(trip.catalog)
    assert times.expires_at == end
    assert (times.refresh_at is None) is (end is None and times.grant_ends_at is None)
    check_proofs(trip, times)
    alone = answered(trip)
    assert (alone.expires_at, alone.refresh_at, alone.grant_ends_at) == (end, end, end)


@each_trip("oauth2")
def test_a_grant_ends_when_its_refresh_token_does(trip: Trip) -> None:
    life = trip.catalog.refresh_token
    assert answered(trip, refresh_token="r", expires_in=1800).grant_ends_at == ends(life)
    told = answered(trip, refresh_token="r", expires_in=1800, lifetime=864_000)
    assert told.grant_ends_at == ends(life, answered=864_000)


@each_trip("oauth2", where=lambda trip: bool(trip.catalog.refresh_token.testing_mode_seconds))
def test_a_grant_of_an_app_in_testing_ends_sooner(trip: Trip) -> None:
    testing = Trip(trip.slug, trip.scheme)
    testing.config.testing_mode = True
    seconds = trip.catalog.refresh_token.testing_mode_seconds or 0
    end = GRANTED_AT + timedelta(seconds=seconds)
    assert answered(testing, refresh_token="r", expires_in=1800).grant_ends_at == end


@each_trip("oauth1", "api_key", "bearer", "basic", "no_auth")
def test_a_key_has_no_end_and_is_probed_where_it_can_be(trip: Trip, provider: Provider) -> None:
    tokens = replace(obtain(trip, provider), expires_in=math.inf)
    times = planned(trip, tokens)
    assert (times.expires_at, times.refresh_at, times.grant_ends_at) == (None, None, None)
    assert (times.probe_at is not None) is (trip.catalog.identity is not None)


@each_trip("client_credentials", "service_account")
def test_a_traded_token_is_renewed_for_ever(trip: Trip, provider: Provider) -> None:
    times = planned(trip, obtain(trip, provider))
    assert times.expires_at is not None
    assert times.refresh_at is not None
    assert NOW < times.refresh_at < times.expires_at
    assert times.grant_ends_at is None
