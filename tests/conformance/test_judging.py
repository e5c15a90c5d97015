"""Refusals of the token endpoint: each rule of a file on answers that are built from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from integrations.catalog import Rule, TerminalRule, Toolkit
from integrations.schemes import RefusalKind, Refused
from integrations.secrets import Secret
from tests.conformance.bodies import answers_for, error_body, refuses_in_success
from tests.conformance.provider import HTML, Provider, refusing
from tests.conformance.token_requests import renewal_url
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

OUTAGES = (408, 425, 429, 500, 502, 503, 504)
# Beside fields that decide there stands an error that would end the grant, or one nobody knows.
DEADLY, UNHEARD = "invalid_grant", "unheard_of"


def refused(trip: Trip, provider: Provider, answer: Answer) -> Refused:
    """Return the verdict on ``answer`` to a refresh."""
    provider.answer(renewal_url(trip.toolkit), answer)
    verdict = trip.oauth2.refresh(refresh_token=Secret("refresh-One1"))
    assert isinstance(verdict, Refused), (answer, verdict)
    return verdict


def answers(rules: Iterable[Rule], toolkit: Toolkit, filler: str) -> Iterator[tuple[Rule, Answer]]:
    """Yield the answers that ``rules`` are about, with each status that they may have."""
    for rule in rules:
        for body in answers_for(rule, toolkit, filler=filler):
            also = (200,) if refuses_in_success(body, toolkit) else ()
            for status in rule.status or (400, *also):
                yield rule, refusing(status, body)


@each_trip("oauth2", where=lambda trip: bool(trip.catalog.terminal))
def test_each_terminal_rule_ends_the_grant_for_its_reason(trip: Trip, provider: Provider) -> None:
    for rule, answer in answers(trip.toolkit.terminal, trip.toolkit, UNHEARD):
        verdict = refused(trip, provider, answer)
        assert isinstance(rule, TerminalRule)
        found = (verdict.kind, verdict.reason, verdict.outcome_unknown)
        assert found == (RefusalKind.TERMINAL, rule.reason, False), (rule, answer)
        assert verdict.error_code, (rule, answer)


@each_trip("oauth2", where=lambda trip: bool(trip.catalog.configuration))
def test_each_configuration_rule_blames_the_client(trip: Trip, provider: Provider) -> None:
    for rule, answer in answers(trip.toolkit.configuration, trip.toolkit, DEADLY):
        verdict = refused(trip, provider, answer)
        assert (verdict.kind, verdict.reason) == (RefusalKind.CONFIGURATION, ""), (rule, answer)


@each_trip("oauth2", where=lambda trip: bool(trip.catalog.transient))
def test_each_transient_rule_ends_nothing(trip: Trip, provider: Provider) -> None:
    for rule, answer in answers(trip.toolkit.transient, trip.toolkit, DEADLY):
        verdict = refused(trip, provider, answer)
        assert (verdict.kind, verdict.reason) == (RefusalKind.TRANSIENT, ""), (rule, answer)


def bare_rules(toolkit: Toolkit, code: str) -> dict[RefusalKind, bool]:
    """Say in which lists a rule is about ``code`` by itself."""
    lists: dict[RefusalKind, tuple[Rule, ...]] = {
        RefusalKind.TRANSIENT: toolkit.transient,
        RefusalKind.CONFIGURATION: toolkit.configuration,
        RefusalKind.TERMINAL: toolkit.terminal,
    }
    return {
        kind: any(code in (rule.error or ()) and not _is_narrowed(rule) for rule in rules)
        for kind, rules in lists.items()
    }


def _is_narrowed(rule: Rule) -> bool:
    away = rule.status is not None and 400 not in rule.status
    return bool(rule.fields or rule.description or away)


@each_trip("oauth2")
def test_what_every_provider_means_is_judged_so_here_too(trip: Trip, provider: Provider) -> None:
    generic = RefusalKind.TERMINAL if trip.toolkit.generic_terminal else RefusalKind.TRANSIENT
    cases = {"invalid_grant": generic, "invalid_client": RefusalKind.CONFIGURATION}
    for code, usual in cases.items():
        own = bare_rules(trip.toolkit, code)
        expected = next((kind for kind, named in own.items() if named), usual)
        verdict = refused(trip, provider, refusing(400, error_body(trip.toolkit, code)))
        assert (verdict.kind, verdict.error_code) == (expected, code)
    # An error in a success is a refusal too, and one that nobody knows ends nothing.
    for status in (200, 400):
        verdict = refused(trip, provider, refusing(status, error_body(trip.toolkit, UNHEARD)))
        assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, UNHEARD)


def deadliest(toolkit: Toolkit) -> Any:
    """Return a body that would end the grant."""
    bodies: list[Any] = [body for rule in toolkit.terminal for body in answers_for(rule, toolkit)]
    return [*bodies, error_body(toolkit, DEADLY)][0]


@each_trip("oauth2")
def test_an_outage_ends_nothing_whatever_it_says(trip: Trip, provider: Provider) -> None:
    body = deadliest(trip.toolkit)
    for status in OUTAGES:
        verdict = refused(trip, provider, refusing(status, body, {"Retry-After": "30"}))
        assert (verdict.kind, verdict.retry_after) == (RefusalKind.TRANSIENT, 30), status
    # A page in front of the provider.
    for status in (200, 302, 400, 401, 403):
        verdict = refused(trip, provider, Answer(status=status, raw=HTML.raw))
        assert verdict.kind is RefusalKind.TRANSIENT, status
