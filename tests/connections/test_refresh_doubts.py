"""A token endpoint that refuses every grant ends few of them; a grant that died ends at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections.models import (
    Breaker,
    ConnectedAccount,
    Entity,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Trigger,
)
from connections.refresh.breakers import note_answers
from connections.refresh.claim import Claim, claim_due
from connections.refresh.gate import Gate
from connections.refresh.issued import seal
from connections.refresh.outcome import store_refusal
from connections.refresh.work import Answer, store
from integrations.models import AuthConfig
from integrations.schemes import Granted, RefusalKind, Refused, TokenSet
from integrations.secrets import Secret
from tests.making import connect

MINUTE = timedelta(minutes=1)
INVALID_GRANT = Refused(
    kind=RefusalKind.TERMINAL,
    error_code="invalid_grant",
    http_status=400,
    reason="grant_revoked",
)
GRANTED = Granted(tokens=TokenSet(access_token=Secret("a"), expires_in=60), http_status=200)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def fresh_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have breakers looked at each time, as a second later."""
    monkeypatch.setattr("connections.refresh.gate.MOST_SECONDS_OLD", -1.0)


def claims(config: AuthConfig, count: int, *, now: datetime) -> list[Claim]:
    """Return claims of so many accounts that are due."""
    for _ in range(count):
        user = f"user-{Entity.objects.count()}"
        entity = Entity.objects.create(project=config.project, user_id=user)
        made = connect(auth_config=config, entity=entity)
        ConnectedAccount.objects.filter(pk=made.pk).update(refresh_at=now)
    return claim_due(limit=count, trigger=Trigger.SCHEDULE, now=now)


def refuse(claimed: list[Claim], *, now: datetime) -> list[RefreshOutcome]:
    return [store_refusal(claim=each, refusal=INVALID_GRANT, now=now) for each in claimed]


def grant(config: AuthConfig, count: int, *, now: datetime) -> None:
    """Let the endpoint accept so many grants of which a worker hears."""
    gate = Gate()
    gate.shares([config.pk], free=1, now=now)
    note_answers([(config, GRANTED)] * count, troubled=gate.troubled, now=now)


def with_status(status: Status) -> int:
    return ConnectedAccount.objects.filter(status=status).count()


@pytest.mark.django_db
def test_of_many_refusals_within_a_minute_only_the_first_are_believed(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 12, now=now), now=now)
    assert (with_status(Status.EXPIRED), with_status(Status.ACTIVE)) == (4, 8)
    held = ConnectedAccount.objects.filter(status=Status.ACTIVE, refresh_at__gt=now)
    assert held.count() == 8
    assert Breaker.objects.get(pk=auth_config.pk).error_code == "refuses_everybody"


@pytest.mark.django_db
def test_while_refusals_are_doubted_the_rest_is_not_called(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 5, now=now), now=now)
    assert Gate().shares([auth_config.pk], free=64, now=now) == {}


@pytest.mark.django_db
def test_a_doubted_refusal_stands_in_the_history_and_changes_nothing_else(
    auth_config: AuthConfig, now: datetime
) -> None:
    *_, last = refuse(claims(auth_config, 5, now=now), now=now)
    assert last is RefreshOutcome.TRANSIENT
    attempt = RefreshAttempt.objects.get(outcome=RefreshOutcome.TRANSIENT)
    account = ConnectedAccount.objects.get(pk=attempt.account_id)
    assert (attempt.error_code, account.lease_id) == ("invalid_grant", "")


@pytest.mark.django_db
def test_refusals_among_enough_grants_are_believed_at_once(
    auth_config: AuthConfig, now: datetime
) -> None:
    claimed = claims(auth_config, 8, now=now)
    refuse(claimed[:1], now=now)
    grant(auth_config, 24, now=now)
    assert refuse(claimed[1:], now=now) == [RefreshOutcome.TERMINAL] * 7


@pytest.mark.django_db
def test_refusals_far_apart_are_believed(auth_config: AuthConfig, now: datetime) -> None:
    for minutes, claim in enumerate(claims(auth_config, 8, now=now)):
        refuse([claim], now=now + minutes * MINUTE / 3)
    assert with_status(Status.EXPIRED) == 8


@pytest.mark.django_db
def test_a_refusal_closes_no_breaker_while_it_is_doubted(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 5, now=now), now=now)
    note_answers([(auth_config, INVALID_GRANT)], troubled=[auth_config.pk], now=now)
    assert Breaker.objects.get(pk=auth_config.pk).opened_at == now


@pytest.mark.django_db
def test_an_outage_before_makes_nobody_believe_a_mass_of_refusals(
    auth_config: AuthConfig, now: datetime
) -> None:
    claimed = claims(auth_config, 12, now=now)
    ConnectedAccount.objects.update(refresh_failing_since=now, refresh_failures=1)
    refuse(claimed, now=now)
    assert (with_status(Status.EXPIRED), with_status(Status.ACTIVE)) == (4, 8)


@pytest.mark.django_db
def test_a_few_grants_beside_many_refusals_do_not_end_the_doubt(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 5, now=now), now=now)
    gate = Gate()
    gate.shares([auth_config.pk], free=1, now=now)
    note_answers(
        [(auth_config, GRANTED)] * 3,
        troubled=gate.troubled,
        beside=[(auth_config, INVALID_GRANT)] * 20,
        now=now + MINUTE,
    )
    assert Breaker.objects.get(pk=auth_config.pk).doubted_since == now


@pytest.mark.django_db
def test_tokens_that_merely_ran_out_beside_grants_keep_no_doubt_alive(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 5, now=now), now=now)
    over = Refused(kind=RefusalKind.TERMINAL, error_code="", reason="token_expired")
    note_answers(
        [(auth_config, GRANTED)] * 3,
        troubled=[auth_config.pk],
        beside=[(auth_config, over)] * 20,
        now=now + MINUTE,
    )
    assert Breaker.objects.get(pk=auth_config.pk).doubted_since is None


@pytest.mark.django_db
def test_a_few_deaths_in_the_same_batch_as_many_grants_are_believed(
    auth_config: AuthConfig, now: datetime
) -> None:
    claimed = claims(auth_config, 35, now=now)
    answers = [Answer(claim=claim, verdict=INVALID_GRANT) for claim in claimed[:5]]
    for claim in claimed[5:]:
        entry = seal(claim=claim, granted=GRANTED, asked_at=now, now=now)
        answers.append(Answer(claim=claim, verdict=GRANTED, entry=entry))
    assert store(answers, troubled=[], now=now) == []
    assert with_status(Status.EXPIRED) == 5
    assert not Breaker.objects.filter(doubted_since__isnull=False).exists()


@pytest.mark.django_db
def test_of_a_full_batch_no_grants_are_forgotten_for_the_refusals(
    auth_config: AuthConfig, now: datetime
) -> None:
    beside = [(auth_config, INVALID_GRANT)] * 14
    note_answers([(auth_config, GRANTED)] * 114, troubled=[], beside=beside, now=now)
    refused = refuse(claims(auth_config, 14, now=now), now=now)
    assert refused == [RefreshOutcome.TERMINAL] * 14


@pytest.mark.django_db
def test_grants_end_the_doubt_and_the_next_refusal_is_believed(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 5, now=now), now=now)
    grant(auth_config, 3, now=now + MINUTE)
    breaker = Breaker.objects.get(pk=auth_config.pk)
    assert (breaker.doubted_since, breaker.opened_at) == (None, None)
    ConnectedAccount.objects.update(refresh_at=now)
    again = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=now + MINUTE)
    assert refuse(again, now=now + MINUTE) == [RefreshOutcome.TERMINAL]


@pytest.mark.django_db
def test_after_an_hour_of_refusals_they_are_believed(
    auth_config: AuthConfig, now: datetime
) -> None:
    refuse(claims(auth_config, 9, now=now), now=now)
    for minutes in (30, 61):
        ConnectedAccount.objects.update(refresh_at=now)
        held = claim_due(limit=9, trigger=Trigger.SCHEDULE, now=now + minutes * MINUTE)
        refuse(held, now=now + minutes * MINUTE)
        assert with_status(Status.ACTIVE) == (5 if minutes == 30 else 0)
    assert Breaker.objects.exclude(opened_at=None).count() == 0


@pytest.mark.django_db
def test_what_lost_answers_of_ours_explain_raises_no_doubt(
    auth_config: AuthConfig, now: datetime
) -> None:
    claims(auth_config, 8, now=now)
    past = now - MINUTE
    ConnectedAccount.objects.update(lease_until=past, refresh_at=now)
    claimed = claim_due(limit=8, trigger=Trigger.SCHEDULE, now=now)
    assert all(claim.in_doubt for claim in claimed)
    refuse(claimed, now=now)
    assert ConnectedAccount.objects.filter(status_reason="rotation_lost").count() == 8
