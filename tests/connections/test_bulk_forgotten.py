"""What a job tells when the accounts that it was about are forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from connections.bulk.counting import AtProviders, at_providers, is_sure
from connections.bulk.starting import Asker
from connections.bulk.steering import cancel_job, resume_job
from connections.errors import JobHasEnded
from connections.models import BulkItem, BulkJob, Revocation
from connections.models.bulk import OUT_OF_REACH, JobState, Kind, Outcome
from connections.pruning import prune
from integrations.ids import id_at
from integrations.models import AuthConfig
from integrations.pruning import Pruning
from tests.bulk import crowd, fresh, start_on, work
from tests.bulk_pages import job_page
from tests.console.staff import signed_in

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=settings.HISTORY_DAYS + 1)


@pytest.fixture(autouse=True)
def walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not pruned yet."""
    monkeypatch.setattr("connections.pruning._pruning", Pruning())


@pytest.fixture
def job(mel: User, auth_config: AuthConfig) -> BulkJob:
    """A job that has revoked two accounts; no provider was asked yet."""
    job = start_on(Kind.REVOKE, mel, *crowd(auth_config, 2))
    work()
    return fresh(job)


def confirm() -> None:
    Revocation.objects.update(next_attempt_at=None, confirmed_at=timezone.now())


def forget() -> int:
    """Forget what can be, as if all had ended long ago; return how many accounts."""
    BulkJob.objects.update(ended_at=LONG_AGO)
    for number, item in enumerate(BulkItem.objects.order_by("pk")):
        made = LONG_AGO + timedelta(seconds=number)
        BulkItem.objects.filter(pk=item.pk).update(id=id_at("bi", made))
    return prune(now=timezone.now())["bulk_items"]


def said(job: BulkJob) -> AtProviders:
    found = at_providers(fresh(job))
    assert found is not None
    return found


def test_the_counts_stay_and_what_was_sure_is(job: BulkJob) -> None:
    confirm()
    before = said(job)
    assert forget() == 2
    assert said(job) == before
    assert (said(job).confirmed, is_sure(fresh(job), said(job))) == (2, True)


def test_what_was_not_sure_does_not_become_so(job: BulkJob, mel: User) -> None:
    confirm()
    left = BulkItem.objects.filter(job=job)[:1].get()
    left.outcome, left.error_code, left.revocation = Outcome.SKIPPED, OUT_OF_REACH, None
    left.save()
    BulkJob.objects.update(done=1, skipped=1)
    assert forget() == 2
    assert (said(job).out_of_reach, is_sure(fresh(job), said(job))) == (1, False)
    text = signed_in(mel).get(job_page(job)).content.decode()
    assert "1 account was left as it is" in text
    assert "What came of each account is forgotten" in text
    assert "Download report" not in text


def test_the_reasons_stay(job: BulkJob) -> None:
    now = timezone.now()
    Revocation.objects.update(next_attempt_at=None, given_up_at=now, error_code="http_503")
    forget()
    assert said(job).reasons == [("the provider did not confirm it (http_503)", 2)]


@pytest.mark.parametrize("late", [False, True])
def test_nothing_of_a_job_is_forgotten_while_a_provider_is_asked(
    job: BulkJob, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    confirm()
    asked = Revocation.objects.first()
    assert asked is not None
    Revocation.objects.filter(pk=asked.pk).update(next_attempt_at=timezone.now())
    if late:
        # Of tokens that came when an incident had ended their account.
        Revocation.objects.filter(pk=asked.pk).update(incident=job)
        BulkItem.objects.filter(revocation=asked).update(revocation=None)
    assert forget() == 0
    confirm()
    # An hour later.
    monkeypatch.setattr("connections.pruning._pruning", Pruning())
    assert forget() == 2


def test_what_was_forgotten_before_counts_were_kept_is_not_sure(job: BulkJob) -> None:
    BulkItem.objects.filter(job=job).delete()
    assert (said(job).forgotten, is_sure(job, said(job))) == (2, False)
    forget()
    assert (said(job).forgotten, is_sure(job, said(job))) == (2, False)


def test_a_job_whose_accounts_are_forgotten_does_not_go_on(
    mel: User, auth_config: AuthConfig
) -> None:
    job = start_on(Kind.REVOKE, mel, *crowd(auth_config, 2))
    cancel_job(job=job, now=timezone.now())
    assert forget() == 2
    with pytest.raises(JobHasEnded, match="forgotten"):
        resume_job(job=job, asker=Asker.of_staff(mel))
    assert fresh(job).state == JobState.CANCELLED
