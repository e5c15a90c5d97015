"""A refresh: what is sent, and which refresh token is the one that counts afterwards."""

from __future__ import annotations

from typing import Any

from integrations.schemes import Granted, RefusalKind, Refused, Verdict
from integrations.secrets import Secret
from tests.conformance.bodies import token_answer
from tests.conformance.provider import HTML, Provider, refusing
from tests.conformance.token_requests import check_token_request, check_trade, renewal_url
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

OLD, NEW = "refresh-Old1", "refresh-New2"


def refresh(trip: Trip, provider: Provider, *answers: Answer) -> Verdict:
    provider.answer(renewal_url(trip.toolkit), *answers)
    return trip.oauth2.refresh(refresh_token=Secret(OLD))


def refreshed(trip: Trip, provider: Provider, **parts: Any) -> Granted:
    """Return the verdict on an answer with ``parts``."""
    answer = token_answer(trip.toolkit, told=trip.told, access_token="access-New2", **parts)
    verdict = refresh(trip, provider, Answer(json=answer))
    assert isinstance(verdict, Granted), verdict
    assert verdict.tokens.access_token == Secret("access-New2")
    return verdict


@each_trip("oauth2")
def test_a_refresh_is_sent_in_the_shape_that_the_file_says(trip: Trip, provider: Provider) -> None:
    refreshed(trip, provider)
    if trip.toolkit.self_renewal:
        check_trade(provider.only_call(), trip.toolkit.self_renewal, access_token=OLD)
        return
    sent = {"grant_type": "refresh_token", "refresh_token": OLD}
    if trip.toolkit.refresh_needs_redirect_uri:
        sent["redirect_uri"] = trip.config.redirect_uri
    check_token_request(provider.only_call(), trip.toolkit, sent, url=renewal_url(trip.toolkit))


@each_trip("oauth2", where=lambda trip: trip.catalog.self_renewal is None)
def test_the_refresh_token_is_kept_as_the_file_says_it_rotates(
    trip: Trip, provider: Provider
) -> None:
    rotates = trip.toolkit.rotation != "none"
    tokens = refreshed(trip, provider, refresh_token=NEW if rotates else None, expires_in=60).tokens
    kept = tokens.carrying_over(Secret(OLD)).refresh_token
    assert kept == Secret(NEW if rotates else OLD)
    # Whatever the file says: one that comes is the one that counts.
    for answered, counts in ((None, OLD), (NEW, NEW)):
        tokens = refreshed(trip, provider, refresh_token=answered).tokens
        assert tokens.expires_in is None
        assert tokens.carrying_over(Secret(OLD)).refresh_token == Secret(counts)


@each_trip("oauth2", where=lambda trip: trip.catalog.self_renewal is not None)
def test_a_token_that_renews_itself_is_what_renews_the_next(trip: Trip, provider: Provider) -> None:
    tokens = refreshed(trip, provider).tokens
    assert tokens.carrying_over(Secret(OLD)).refresh_token == Secret("access-New2")


@each_trip("oauth2")
def test_a_refresh_is_never_sent_twice_and_its_loss_is_told(trip: Trip, provider: Provider) -> None:
    lost = Answer(json=token_answer(trip.toolkit, refresh_token=NEW), cut=True)
    answers = [(lost, True), (HTML, True), (refusing(503, {}), False)]
    for number, (answer, in_doubt) in enumerate(answers, start=1):
        refused = refresh(trip, provider, answer)
        assert isinstance(refused, Refused)
        assert (refused.kind, refused.outcome_unknown) == (RefusalKind.TRANSIENT, in_doubt)
        assert len(provider.requests) == number
