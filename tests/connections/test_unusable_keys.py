"""Keys that sign nothing: an account whose key is one is over, as soon as that is found out."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Reason, RefreshAttempt, Status, Trigger
from connections.refresh.claim import Claim, claim_due
from connections.refresh.outcome import store_refusal
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from integrations.schemes import RefusalKind, Refused
from tests.connections.importing import Imported, Importer

pytestmark = pytest.mark.django_db


def import_key_file(importer: Importer, key_file: str) -> Imported:
    config = AuthConfig.objects.create(
        project=importer.project, name="Drive", toolkit="googledrive", scheme="service_account"
    )
    given = {"user_id": "alice", "auth_config_id": config.pk}
    return importer.rows(given | {"fields": {"key_file": key_file}})


def claim() -> Claim:
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    [claimed] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    return claimed


@pytest.mark.parametrize("key_file", ["x", "[" * 60_000, '{"client_email": "robot@acme.example"}'])
def test_an_import_takes_no_more_for_a_key_file_than_the_form_does(
    importer: Importer, key_file: str
) -> None:
    done = import_key_file(importer, key_file)
    assert done.results == [("refused", "fields_invalid")]
    assert done.report[0]["problem"].endswith("key_file.")
    assert importer.accounts() == []


def test_a_key_that_signs_nothing_ends_its_account_and_asks_nobody(importer: Importer) -> None:
    file = {"client_email": "robot@acme.example", "private_key": "no key"}
    assert import_key_file(importer, json.dumps(file)).results == [("ok", "")]
    refresh_claimed(claim())
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.PROBE_REJECTED)
    assert (account.lease_id, account.in_doubt_since) == ("", None)
    assert RefreshAttempt.objects.get().error_code == "unusable_key"
    assert account.transitions.latest("pk").cause.endswith("cannot be read as one.")


def test_a_death_that_tells_no_reason_ends_the_account_all_the_same(
    due_account: ConnectedAccount,
) -> None:
    nameless = Refused(kind=RefusalKind.TERMINAL, error_code="gone")
    store_refusal(claim=claim(), refusal=nameless, now=timezone.now())
    due_account.refresh_from_db()
    assert (due_account.status, due_account.lease_id) == (Status.EXPIRED, "")
    assert due_account.status_reason == Reason.GRANT_REVOKED
