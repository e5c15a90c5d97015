"""The admin's pages of bulk jobs, as tests go through them."""

from __future__ import annotations

from typing import Any

from django.test import Client

from connections.models import BulkJob, ConnectedAccount
from integrations.models import Project
from tests.console.staff import every_permission, member, signed_in

LIST = "/admin/connections/connectedaccount/"
JOBS = "/admin/connections/bulkjob/"
INCIDENT = f"{JOBS}incident/"


def lacking(project: Project, *permissions: str) -> Client:
    """Return the browser of somebody who may do everything but that."""
    others = tuple(name for name in every_permission() if name not in permissions)
    return signed_in(member(project, permissions=others, username="else"))


def chosen(*accounts: ConnectedAccount, **more: str) -> dict[str, Any]:
    """Return what the list sends where ``accounts`` are ticked."""
    return {"_selected_action": [account.pk for account in accounts], "index": "0", **more}


def job_page(job: BulkJob, name: str = "change") -> str:
    return f"{JOBS}{job.pk}/{name}/"
