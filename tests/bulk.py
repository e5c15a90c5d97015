"""Bulk jobs in tests: many accounts, a job on them, and a worker's turn in this process."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.auth.models import User

from connections.bulk.incidents import find_incident, start_incident
from connections.bulk.running import work_off
from connections.bulk.starting import Asker, start_on_chosen, start_on_filter
from connections.models import BulkItem, BulkJob, ConnectedAccount, Entity
from connections.models.bulk import Extent, Kind
from integrations.models import AuthConfig
from tests.console.staff import every_permission, member
from tests.making import connect


def crowd(auth_config: AuthConfig, count: int) -> list[ConnectedAccount]:
    """Return ``count`` ACTIVE accounts, each of its own entity."""
    return [
        connect(
            auth_config=auth_config,
            entity=Entity.objects.create(project=auth_config.project, user_id=f"user-{number}"),
        )
        for number in range(count)
    ]


def staff_of(auth_config: AuthConfig, username: str = "mel") -> User:
    """Return a member of the config's project who may do everything there."""
    return member(auth_config.project, permissions=every_permission(), username=username)


def start(kind: Kind, user: User, **facts: str) -> BulkJob:
    """Start a job of ``user`` on all that match ``facts``."""
    return start_on_filter(kind=kind, facts=facts, asker=Asker.of_staff(user), note="Drill")


def start_on(kind: Kind, user: User, *accounts: ConnectedAccount) -> BulkJob:
    """Start a job of ``user`` on ``accounts``."""
    rows = ConnectedAccount.objects.filter(pk__in=[account.pk for account in accounts])
    return start_on_chosen(kind=kind, accounts=rows, asker=Asker.of_staff(user), note="Drill")


def begin(extent: Extent, extent_id: str, user: User, **changes: Any) -> BulkJob:
    """Start an incident of ``user``, confirmed as it has to be."""
    asker = Asker.of_staff(user)
    incident = find_incident(extent=extent, extent_id=extent_id, asker=asker)
    assert incident is not None
    given: dict[str, Any] = {"typed": incident.name, "note": "Leaked", "close": True} | changes
    return start_incident(incident=incident, asker=asker, **given)


def work() -> int:
    """Do what a worker does until nothing is left to do now."""
    return work_off(stop=threading.Event())


def fresh(job: BulkJob) -> BulkJob:
    """Return the job as it stands."""
    return BulkJob.objects.get(pk=job.pk)


def outcomes(job: BulkJob) -> list[str]:
    """Return what came of each account, in the order of their ids."""
    rows = BulkItem.objects.filter(job=job).order_by("account_id")
    return list(rows.values_list("outcome", flat=True))
