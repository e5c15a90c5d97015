"""Refreshes that somebody asks for before they are due, cut short: grace does not wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import ConnectedAccount, Trigger
from connections.refresh.claim import Claim, claim_account, claim_due
from connections.refresh.work import refresh_claimed
from integrations import clock
from integrations.outbound import LEASE_MARGIN_SECONDS, LIMITS, STORING_SECONDS, Role
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def fresh(account: ConnectedAccount) -> ConnectedAccount:
    """An account whose refresh is not due for long."""
    later = timezone.now() + DAY
    ConnectedAccount.objects.update(expires_at=later, refresh_at=later)
    account.refresh_from_db()
    return account


def force(account: ConnectedAccount) -> Claim:
    claim = claim_account(
        account_id=account.pk, generation=1, trigger=Trigger.API, now=timezone.now()
    )
    assert claim is not None
    return claim


def end_lease() -> None:
    ConnectedAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def made_up_for() -> Claim:
    """Claim what is due when the lease has ended."""
    end_lease()
    then = timezone.now() + timedelta(seconds=settings.REFRESH_LEASE_SECONDS)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=then)
    return claim


@pytest.mark.fault(3)
def test_a_forced_call_that_is_cut_short_is_made_again_when_its_lease_ends(
    fresh: ConnectedAccount,
) -> None:
    force(fresh)
    assert made_up_for().in_doubt


@pytest.mark.fault(3)
def test_so_is_one_that_came_after_another_one(fresh: ConnectedAccount) -> None:
    force(fresh)
    ConnectedAccount.objects.update(refresh_at=timezone.now() + DAY)
    end_lease()
    assert force(fresh).in_doubt
    assert made_up_for().in_doubt


def test_what_came_of_a_forced_call_sets_the_time_anew(
    fresh: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(json={**tokens().json, "expires_in": 3600}))
    refresh_claimed(force(fresh))
    fresh.refresh_from_db()
    assert fresh.grant_generation == 2
    assert fresh.refresh_at is not None
    assert fresh.refresh_at > timezone.now() + timedelta(minutes=10)


def test_a_lease_has_room_for_storing_after_the_longest_call(fresh: ConnectedAccount) -> None:
    began = clock.seconds()
    claim = force(fresh)
    assert began + settings.REFRESH_LEASE_SECONDS - claim.ends_at > STORING_SECONDS - 1


def test_the_shortest_lease_that_is_allowed_leaves_time_for_a_call(
    fresh: ConnectedAccount, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.REFRESH_LEASE_SECONDS = LIMITS[Role.TOKEN].deadline + LEASE_MARGIN_SECONDS
    refresh_claimed(force(fresh))
    fresh.refresh_from_db()
    assert fresh.grant_generation == 2
