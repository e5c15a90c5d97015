"""An incident on accounts of two projects that stand on one grant, by one app of the instance."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections import vault
from connections.actors import SYSTEM
from connections.bulk import running
from connections.bulk.counting import at_providers, is_sure
from connections.bulk.starting import Asker
from connections.bulk.steering import cancel_job, resume_job
from connections.grants import RESUMED_WITHIN
from connections.models import BulkJob, ConnectedAccount, Reason, Revocation
from connections.models.bulk import Extent
from connections.operations import revoke_account
from connections.refresh import revoke_due
from connections.revoking import claim_due
from tests.bulk import begin, fresh, work
from tests.making import store_grant, token_set
from tests.managed.tenants import Tenant
from tests.provider import REVOKE_PATH, ScriptedProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(ours: Tenant, theirs: Tenant, admin_user: User, monkeypatch: pytest.MonkeyPatch) -> BulkJob:
    """Return an incident on the toolkit that has come to one of two accounts of one person."""
    for number, each in enumerate((ours, theirs), start=1):
        account = each.account()
        store_grant(account, now=timezone.now(), reason=Reason.RECONNECTED, number=number)
    monkeypatch.setattr(running, "BATCH", 1)
    begun = begin(Extent.TOOLKIT, "sandbox", admin_user)
    for _ in range(2):
        running._turn(fresh(begun), threading.Event())
    assert Revocation.objects.count() == 1
    return fresh(begun)


def revoke_all() -> None:
    Revocation.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    revoke_due()


def test_the_tokens_of_both_are_sent_although_the_first_was_looked_at_in_between(
    job: BulkJob, provider: ScriptedProvider
) -> None:
    revoke_all()
    assert provider.forms(REVOKE_PATH) == []
    work()
    revoke_all()
    assert {form["token"] for form in provider.forms(REVOKE_PATH)} == {"refresh-1", "refresh-2"}
    said = at_providers(fresh(job))
    assert said is not None
    assert (said.confirmed, said.superseded) == (2, 0)
    assert is_sure(fresh(job), said)


def test_many_that_stand_back_keep_nobody_waiting(job: BulkJob, ours: Tenant) -> None:
    revocation = Revocation.objects.get()
    for _ in range(8):
        vault.queue_revocation(
            account=revocation.account,
            tokens=token_set(3),
            actor=SYSTEM,
            incident_id=job.pk,
            now=timezone.now() - timedelta(hours=1),
        )
    other = ours.account(user_id="somebody else")
    ConnectedAccount.objects.filter(pk=other.pk).update(identity_id="9")
    revoke_account(account=ConnectedAccount.objects.get(pk=other.pk), actor=SYSTEM)
    [claimed] = claim_due(limit=8, now=timezone.now() + timedelta(seconds=1))
    assert claimed.account_id == other.pk


def test_what_waits_for_the_job_costs_no_attempt(job: BulkJob) -> None:
    revoke_all()
    waiting = Revocation.objects.get()
    assert (waiting.attempt_count, waiting.superseded_at) == (0, None)
    soon = timezone.now() + timedelta(seconds=30)
    assert Revocation.objects.filter(next_attempt_at__gt=soon).exists()
    assert waiting.payload is not None


def test_where_it_is_cancelled_it_may_yet_go_on(
    job: BulkJob, provider: ScriptedProvider, admin_user: User
) -> None:
    cancel_job(job=job, now=timezone.now())
    revoke_all()
    assert Revocation.objects.get().superseded_at is None
    resume_job(job=fresh(job), asker=Asker.of_staff(admin_user))
    work()
    revoke_all()
    assert {form["token"] for form in provider.forms(REVOKE_PATH)} == {"refresh-1", "refresh-2"}


def test_where_it_stays_cancelled_the_grant_lives_on_and_it_says_so(job: BulkJob) -> None:
    cancel_job(job=job, now=timezone.now() - RESUMED_WITHIN)
    revoke_all()
    said = at_providers(fresh(job))
    assert said is not None
    [(reason, count)] = said.reasons
    assert (reason.partition(":")[0], count) == ("the grant lives on", 1)
