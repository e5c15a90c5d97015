"""How refreshes ended, as the tallies tell it: each once, folded or not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from connections.models import (
    ConnectedAccount,
    RefreshAttempt,
    RefreshOutcome,
    RefreshTally,
    Trigger,
)
from connections.pruning import prune
from connections.refresh.claim import claim_due
from connections.refresh.storing import store_issued
from connections.refresh.work import call_provider, refresh_claimed, store
from connections.tallies import fold, refreshes_by_minute, work_of
from integrations.models import AuthConfig
from integrations.moments import floor
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DOWN = Answer(status=503, json={})
REFUSED = Answer(status=400, json={"error": "invalid_grant"})


def refresh(times: int = 1) -> None:
    for _ in range(times):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
        refresh_claimed(claim)


def told() -> dict[str, int]:
    rows = RefreshTally.objects.order_by().values_list("outcome")
    return dict(rows.annotate(sum=Sum("count")))


def test_each_success_is_counted_though_a_row_of_them_is_one_attempt(
    due_account: ConnectedAccount,
) -> None:
    refresh(3)
    assert RefreshAttempt.objects.get().count == 3
    assert told() == {"stored": 3}
    assert RefreshTally.objects.first().auth_config_id == due_account.auth_config_id  # type: ignore[union-attr]


def test_each_failure_is_counted_by_how_it_ended(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(DOWN, DOWN, tokens(), REFUSED)
    refresh(4)
    assert told() == {"transient": 2, "stored": 1, "terminal": 1}


def test_a_success_after_failures_is_counted_once(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(DOWN, tokens())
    refresh(2)
    assert told() == {"transient": 1, "stored": 1}


def test_an_answer_that_is_stored_again_is_not_counted_again(
    due_account: ConnectedAccount,
) -> None:
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    answer = call_provider(claim)
    for _ in range(2):
        store([answer], troubled=[], now=timezone.now())
        assert answer.entry is not None
        store_issued([answer.entry], now=timezone.now())
    assert told() == {"stored": 1}


def test_what_was_cut_short_counts_as_in_doubt_and_once_more_when_it_is_found(
    due_account: ConnectedAccount,
) -> None:
    [first] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    answer = call_provider(first)
    ConnectedAccount.objects.update(lease_until=timezone.now() - MINUTE)
    RefreshAttempt.objects.create(
        id=first.attempt_id,
        project=due_account.project,
        account=due_account,
        trigger=Trigger.SCHEDULE,
        worker="killed",
        generation=1,
        started_at=NOW,
        outcome=RefreshOutcome.IN_DOUBT,
    )
    assert told() == {"in_doubt": 1}
    assert answer.entry is not None
    store_issued([answer.entry], now=timezone.now())
    assert told() == {"in_doubt": 1, "stored": 1}


def tally(config: AuthConfig, at: datetime, count: int = 1, outcome: str = "stored") -> None:
    RefreshTally.objects.create(
        project=config.project,
        auth_config=config,
        at=floor(at, MINUTE),
        outcome=outcome,
        count=count,
        last_at=at,
    )


@pytest.fixture
def a_day(auth_config: AuthConfig) -> AuthConfig:
    """Three rows for each minute of the last three hours, and some of days before."""
    for minute in range(180):
        for count in (1, 2, 3):
            tally(auth_config, NOW - minute * MINUTE, count)
    for days in range(2, 6):
        tally(auth_config, NOW - days * DAY, 10)
        tally(auth_config, NOW - days * DAY - HOUR, 5, "transient")
    return auth_config


def test_folding_changes_no_sum_and_no_minute_that_a_chart_shows(a_day: AuthConfig) -> None:
    before, rows = told(), RefreshTally.objects.all()
    hour = refreshes_by_minute(rows, since=NOW - HOUR)
    fold(now=NOW)
    assert told() == before
    assert refreshes_by_minute(rows, since=NOW - HOUR) == hour
    assert rows.count() < 200
    fold(now=NOW)
    assert told() == before


def test_old_minutes_become_quarters_and_old_quarters_days(a_day: AuthConfig) -> None:
    fold(now=NOW + 2 * DAY)
    rows = RefreshTally.objects.all()
    assert all(row.at == floor(row.at, DAY) for row in rows)
    assert rows.filter(outcome="stored").count() in {5, 6}


def test_a_fold_that_is_interrupted_has_not_happened(a_day: AuthConfig) -> None:
    before = sorted(RefreshTally.objects.values_list("at", "count"))
    with transaction.atomic():
        fold(now=NOW)
        transaction.set_rollback(True)
    assert sorted(RefreshTally.objects.values_list("at", "count")) == before
    fold(now=NOW)
    assert told()["stored"] == 180 * 6 + 40


def test_the_last_success_outlives_folding(a_day: AuthConfig) -> None:
    rows = RefreshTally.objects.all()
    before = work_of(rows, since=NOW - HOUR)[a_day.pk]
    assert (before.last_success_at, before.stored) == (NOW, 60 * 6)
    fold(now=NOW + 4 * DAY)
    assert work_of(rows, since=NOW - HOUR)[a_day.pk].last_success_at == NOW


def test_grants_that_ended_are_no_errors(auth_config: AuthConfig) -> None:
    for outcome in RefreshOutcome:
        tally(auth_config, NOW, 10, outcome)
    work = work_of(RefreshTally.objects.all(), since=NOW - HOUR)[auth_config.pk]
    assert (work.stored, work.failed, work.ended) == (10, 30, 10)
    assert work.error_rate == 0.6


def test_old_tallies_are_forgotten(auth_config: AuthConfig) -> None:
    tally(auth_config, NOW - timedelta(days=settings.HISTORY_DAYS) - DAY)
    tally(auth_config, NOW - DAY)
    assert prune(now=NOW)["refresh_tallies"] == 1
    assert RefreshTally.objects.count() == 1
