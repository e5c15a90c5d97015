"""Tokens that come when an incident has ended their account: they end too, before it is sure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.actors import SYSTEM
from connections.bulk.counting import AtProviders, at_providers, is_sure, unconfirmed
from connections.bulk.reporting import report
from connections.connect.completing import Proven, store
from connections.errors import AuthConfigDisabled
from connections.models import (
    BulkItem,
    BulkJob,
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    Reason,
    Revocation,
    Trigger,
)
from connections.models.bulk import Extent
from connections.operations import revoke_account
from connections.refresh import revoke_due
from connections.refresh.claim import Claim, claim_due
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from integrations.schemes import UpstreamIdentity
from tests.bulk import begin, crowd, fresh, work
from tests.making import store_grant, token_set
from tests.provider import REVOKE_PATH, ScriptedProvider

pytestmark = pytest.mark.django_db


def claim() -> Claim:
    [claimed] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    return claimed


def said(job: BulkJob) -> AtProviders:
    found = at_providers(job)
    assert found is not None
    return found


def test_tokens_of_a_refresh_that_was_out_end_before_it_is_sure(
    mel: User, due_account: ConnectedAccount
) -> None:
    refreshing = claim()
    job = begin(Extent.AUTH_CONFIG, due_account.auth_config_id, mel)
    work()
    revoke_due()
    refresh_claimed(refreshing)
    late = Revocation.objects.latest("pk")
    assert (late.insisted, late.incident_id) == (True, job.pk)
    assert (said(job).confirmed, said(job).pending) == (1, 1)
    assert not is_sure(fresh(job), said(job))
    assert list(unconfirmed(job)) == [late]
    revoke_due()
    assert said(job).confirmed == 2
    assert is_sure(fresh(job), said(job))


def test_tokens_that_are_given_up_have_their_reason(
    mel: User, due_account: ConnectedAccount
) -> None:
    refreshing = claim()
    job = begin(Extent.AUTH_CONFIG, due_account.auth_config_id, mel)
    work()
    refresh_claimed(refreshing)
    now = timezone.now()
    Revocation.objects.update(given_up_at=now, next_attempt_at=None, error_code="http_503")
    assert said(job).given_up == 2
    assert said(job).reasons == [("the provider did not confirm it (http_503)", 2)]


def test_a_refresh_that_began_later_is_none_of_its_business(
    mel: User, due_account: ConnectedAccount
) -> None:
    job = begin(Extent.AUTH_CONFIG, due_account.auth_config_id, mel, close=False)
    work()
    BulkItem.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    due_account.refresh_from_db()
    store_grant(due_account, now=timezone.now(), reason=Reason.RECONNECTED)
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    refreshing = claim()
    revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    refresh_claimed(refreshing)
    late = Revocation.objects.latest("pk")
    assert [late.insisted, late.incident_id] == [False, None]
    assert said(job).pending == 1


def test_the_report_tells_of_them(mel: User, due_account: ConnectedAccount) -> None:
    refreshing = claim()
    job = begin(Extent.AUTH_CONFIG, due_account.auth_config_id, mel)
    work()
    revoke_due()
    assert "Confirmed" in "".join(report(job))
    refresh_claimed(refreshing)
    assert "Under way" in "".join(report(job))


# --- Of a connection that the incident refused. ---------------------------------------------------


def come_back(attempt: ConnectAttempt) -> None:
    """Have the tokens of a trip be stored, or not."""
    proven = Proven(identity=UpstreamIdentity(id="7", label="a@example.com"), parameters={})
    with pytest.raises(AuthConfigDisabled):
        store(attempt=attempt, tokens=token_set(3), proven=proven, asked_at=timezone.now())


def attempt_of(account: ConnectedAccount) -> ConnectAttempt:
    soon = timezone.now() + timedelta(minutes=5)
    link = ConnectLink.objects.create(
        project=account.project, account=account, token_digest="t", expires_at=soon
    )
    return ConnectAttempt.objects.create(
        project=account.project,
        link=link,
        auth_config=account.auth_config,
        state_digest="s",
        redirect_uri="https://x",
        expires_at=soon,
    )


def test_its_tokens_are_insisted_on_and_counted(mel: User, account: ConnectedAccount) -> None:
    attempt = attempt_of(account)
    job = begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    come_back(attempt)
    assert list(Revocation.objects.values_list("insisted", flat=True)) == [True, True]
    assert said(job).pending == 2


def test_its_tokens_end_although_another_account_still_stands_on_the_grant(
    mel: User, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    account, _other = crowd(auth_config, 2)
    attempt = attempt_of(account)
    begin(Extent.AUTH_CONFIG, auth_config.pk, mel)
    come_back(attempt)
    work()
    revoke_due()
    sent = {form["token"] for form in provider.forms(REVOKE_PATH)}
    assert sent == {"refresh-1", "refresh-3"}


def test_where_a_config_was_closed_by_hand_nothing_is_insisted_on(
    account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    attempt = attempt_of(account)
    AuthConfig.objects.update(enabled=False)
    come_back(attempt)
    assert not Revocation.objects.get().insisted
