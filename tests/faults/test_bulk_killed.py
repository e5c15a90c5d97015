"""Bulk work by real workers, killed amid it: another one finishes, nothing is done twice."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from connections.models import BulkItem, BulkJob, ConnectedAccount, ConnectLink
from connections.models.bulk import JobState, Kind
from integrations.models import AuthConfig
from tests.bulk import crowd, fresh, staff_of, start
from tests.faults.processes import StartWorker, until, waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)

# How the statement begins that locks an account; its end the server does not show.
LOCKS_ACCOUNT = 'SELECT "connections_connectedaccount"."id"'


@pytest.fixture
def mel(auth_config: AuthConfig) -> User:
    return staff_of(auth_config)


def done(job: BulkJob) -> int:
    return fresh(job).done


def test_another_worker_goes_on_where_one_was_killed_and_makes_no_second_link(
    mel: User, auth_config: AuthConfig, start_worker: StartWorker
) -> None:
    accounts = crowd(auth_config, 5)
    job = start(Kind.LINK, mel, status="ACTIVE")
    with transaction.atomic(), connection.cursor() as cursor:
        # The worker refers to the third account's row, and then waits for it.
        cursor.execute(
            "SELECT id FROM connections_connectedaccount WHERE id = %s FOR NO KEY UPDATE",
            [accounts[2].pk],
        )
        worker = start_worker()
        until(lambda: waits_for_a_lock(LOCKS_ACCOUNT))
        worker.kill()
    assert (fresh(job).state, done(job)) == (JobState.RUNNING, 2)
    # What a lease is for is over.
    BulkItem.objects.update(lease_until=None)
    start_worker()
    until(lambda: fresh(job).state == JobState.DONE)
    assert done(job) == 5
    made = ConnectLink.objects.filter(created_by="operator:mel").values_list("account", flat=True)
    assert sorted(made) == sorted(account.pk for account in accounts)


def test_the_command_alone_works_a_job_off(
    mel: User, auth_config: AuthConfig, start_worker: StartWorker
) -> None:
    crowd(auth_config, 3)
    job = start(Kind.REVOKE, mel, status="ACTIVE")
    assert start_worker("--no-color").exit_code() == 0
    assert (fresh(job).state, done(job)) == (JobState.DONE, 3)
    assert not ConnectedAccount.objects.filter(status="ACTIVE").exists()
