"""The call that tells whose account it is, and proves that it works: for every scheme."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.catalog import Identity, fill_url
from integrations.schemes import IdentityUnavailable, ProbeRejected, UpstreamIdentity
from tests.conformance.bodies import answers_for, identity_answer
from tests.conformance.credentials import (
    carried,
    elsewhere,
    obtain,
    parts_of,
    query_of,
    secrets_of,
)
from tests.conformance.provider import HTML, Provider, refusing
from tests.conformance.server import Request
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

OUTAGES = (429, 500, 503)


def can_be_asked(trip: Trip) -> bool:
    return trip.catalog.identity is not None


def tells_an_id(trip: Trip) -> bool:
    return trip.catalog.identity is not None and trip.catalog.identity.id_path is not None


def has_labels_of_their_own(trip: Trip) -> bool:
    identity = trip.catalog.identity
    return identity is not None and not set(identity.label_paths) & set(identity.id_path or ())


def has_exceptions(trip: Trip) -> bool:
    return trip.catalog.identity is not None and bool(trip.catalog.identity.not_dead)


def has_proving_refusals(trip: Trip) -> bool:
    return trip.catalog.identity is not None and bool(trip.catalog.identity.alive)


def identity_of(trip: Trip) -> Identity:
    """Return the identity call, with the parts of the key that its address names filled in."""
    identity = trip.toolkit.identity
    assert identity is not None
    return identity.model_copy(update={"url": fill_url(identity.url, trip.fields)})


def first_label(identity: Identity) -> str:
    """Return what the provider says at the first of the label's paths; an id may stand there."""
    ids = {path: f"id-{number}" for number, path in enumerate(identity.id_path or ())}
    return next((ids.get(path, "label-0") for path in identity.label_paths), "")


def ask(trip: Trip, provider: Provider, *answers: Answer) -> Any:
    """Return what is made of ``answers``, an error too; one after the other."""
    tokens = obtain(trip, provider)
    provider.answer(identity_of(trip).url, *answers)
    try:
        return trip.client.identify(tokens=tokens)
    except (ProbeRejected, IdentityUnavailable) as error:
        return error


@each_trip()
def test_credentials_prove_whose_account_it_is(trip: Trip, provider: Provider) -> None:
    tokens = obtain(trip, provider)
    if not can_be_asked(trip):
        assert trip.client.identify(tokens=tokens) is None
        assert provider.requests == []
        return
    identity = identity_of(trip)
    provider.know(trip.toolkit, url=identity.url)
    found = trip.client.identify(tokens=tokens)
    assert found is not None
    assert found.id == "/".join(f"id-{number}" for number in range(len(identity.id_path or ())))
    assert found.label == (first_label(identity) or found.id)
    if has_labels_of_their_own(trip):
        bare = ask(trip, provider, Answer(json=identity_answer(identity, labels=False)))
        assert (bare.id, bare.label) == (found.id, found.id)


@each_trip(where=can_be_asked)
def test_the_call_is_the_files_and_credentials_go_nowhere_else(
    trip: Trip, provider: Provider
) -> None:
    tokens, identity = obtain(trip, provider), identity_of(trip)
    provider.know(trip.toolkit, url=identity.url)
    trip.client.identify(tokens=tokens)
    check_call(trip, identity, provider.only_call())
    # A signature is looked at elsewhere.
    if trip.scheme != "oauth1":
        check_credentials(trip, provider.only_call())


def check_call(trip: Trip, identity: Identity, request: Request) -> None:
    wanted = query_of(identity, trip.toolkit.apply, parts_of(trip))
    in_url = parse_qsl(urlsplit(identity.url).query, keep_blank_values=True)
    assert request.method == identity.method
    assert sorted(request.query) == sorted([*in_url, *wanted])
    assert (request.json if request.body else None) == identity.body
    headers = {"accept": "application/json"} | {k.lower(): v for k, v in identity.headers.items()}
    assert headers.items() <= request.headers.items()


def check_credentials(trip: Trip, request: Request) -> None:
    application, parts = trip.toolkit.apply, parts_of(trip)
    assert carried(application, parts).items() <= request.headers.items()
    others = elsewhere(request, application, parts)
    for name, secret in secrets_of(trip).items():
        is_in_address = f"{{{name}}}" in addresses(trip)
        assert is_in_address or secret not in others, name


def addresses(trip: Trip) -> str:
    return trip.catalog.identity.url if trip.catalog.identity else ""


def dead_answers(identity: Identity) -> Iterator[Answer]:
    for status in identity.dead_statuses:
        yield from (refusing(status, {}), Answer(status=status, raw=HTML.raw))
    for rule in identity.dead:
        for body, status in itertools.product(
            answers_for(rule, identity), rule.status or (200, 400, 403)
        ):
            yield refusing(status, body)


@each_trip(where=can_be_asked)
def test_a_dead_answer_refuses_the_credentials(trip: Trip, provider: Provider) -> None:
    answers = list(dead_answers(identity_of(trip)))
    assert answers, "nothing ever refuses them"
    for answer in answers:
        refused = ask(trip, provider, answer)
        assert isinstance(refused, ProbeRejected), (answer, refused)
        assert refused.http_status == answer.status


def exceptions(identity: Identity) -> Iterator[Answer]:
    statuses = identity.dead_statuses or [400]
    for rule in identity.not_dead:
        for body, status in itertools.product(answers_for(rule, identity), rule.status or statuses):
            yield refusing(status, body)


@each_trip(where=has_exceptions)
def test_an_exception_refuses_nothing(trip: Trip, provider: Provider) -> None:
    for answer in exceptions(identity_of(trip)):
        found = ask(trip, provider, answer)
        assert isinstance(found, IdentityUnavailable), (answer, found)


@each_trip(where=has_proving_refusals)
def test_a_refusal_may_prove_the_credentials(trip: Trip, provider: Provider) -> None:
    identity = identity_of(trip)
    for rule in identity.alive:
        for body, status in itertools.product(answers_for(rule, identity), rule.status or (403,)):
            found = ask(trip, provider, refusing(status, body))
            assert found == UpstreamIdentity(id="", label=""), (body, found)


def outages(identity: Identity) -> Iterator[Answer]:
    """Yield answers of a service that is away, some of which say that the token is dead."""
    bodies: list[Any] = [body for rule in identity.dead for body in answers_for(rule, identity)]
    body = bodies[0] if bodies else {}
    for status in OUTAGES:
        yield refusing(status, body, {"Retry-After": "30"})
    for status in {404} - set(identity.dead_statuses):
        yield Answer(status=status, raw=HTML.raw, headers={"Retry-After": "30"})


@each_trip(where=can_be_asked)
def test_an_outage_refuses_nothing(trip: Trip, provider: Provider) -> None:
    for answer in outages(identity_of(trip)):
        found = ask(trip, provider, answer)
        assert isinstance(found, IdentityUnavailable), answer
        assert found.retry_after == pytest.approx(30)


@each_trip(where=tells_an_id)
def test_an_answer_without_the_id_proves_and_refuses_nothing(
    trip: Trip, provider: Provider
) -> None:
    for answer in (HTML, Answer(json={"nothing": "of use"})):
        assert isinstance(ask(trip, provider, answer), IdentityUnavailable), answer
