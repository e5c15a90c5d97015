"""Several client secrets: where the provider refuses the first in its own words, the next is tried.

What is asked for is a code's tokens: not every way to renew a grant needs the secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from integrations.schemes import Granted, RefusalKind, Refused, Verdict
from integrations.secrets import Secret
from tests.conformance.bodies import token_answer
from tests.conformance.provider import Provider
from tests.conformance.server import Request
from tests.conformance.test_judging import UNHEARD, answers
from tests.conformance.token_requests import check_token_request
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

OLDER = "older-S3cret+/=~&%"
ASKED = {"grant_type": "authorization_code", "code": "code-One1"}


def refusals(trip: Trip, *, of_the_client: bool) -> Iterator[Answer]:
    """Yield the answers that put the fault on the client's proof, or elsewhere in the config."""
    rules = trip.toolkit.configuration
    chosen = [rule for rule in rules if rule.client_refused is of_the_client]
    for _, answer in answers(chosen, trip.toolkit, UNHEARD):
        yield answer


def ask(trip: Trip, provider: Provider, refusal: Answer) -> tuple[Verdict, list[Request]]:
    """Return what comes of ``refusal`` and then tokens, and the requests that were made."""
    toolkit = trip.toolkit
    provider.requests.clear()
    provider.answer(toolkit.token_url, refusal, Answer(json=token_answer(toolkit)))
    client = replace(trip.oauth2, older_secrets=Secret(json.dumps([OLDER])))._client
    verdict = client.get_tokens(toolkit.token_url, ASKED)
    return verdict, provider.calls(toolkit.token_url)


def has_rules(trip: Trip, *, of_the_client: bool) -> bool:
    return any(rule.client_refused is of_the_client for rule in trip.catalog.configuration)


@each_trip("oauth2", where=lambda trip: has_rules(trip, of_the_client=True))
def test_where_the_provider_refuses_the_client_the_older_secret_is_tried(
    trip: Trip, provider: Provider
) -> None:
    for refusal in refusals(trip, of_the_client=True):
        verdict, requests = ask(trip, provider, refusal)
        assert isinstance(verdict, Granted), refusal
        first, second = requests
        url = trip.toolkit.token_url
        check_token_request(first, trip.toolkit, ASKED, url=url)
        check_token_request(second, trip.toolkit, ASKED, url=url, client_secret=OLDER)


@each_trip("oauth2", where=lambda trip: has_rules(trip, of_the_client=False))
def test_what_no_secret_mends_is_asked_once(trip: Trip, provider: Provider) -> None:
    for refusal in refusals(trip, of_the_client=False):
        verdict, requests = ask(trip, provider, refusal)
        assert isinstance(verdict, Refused)
        assert (verdict.kind, len(requests)) == (RefusalKind.CONFIGURATION, 1), refusal
