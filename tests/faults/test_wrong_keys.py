"""A worker whose key is not the one that sealed the tokens (faults.md 20)."""

from __future__ import annotations

import json

import pytest

from config.fresh_keys import fresh_field_encryption_key
from connections.models import ConnectedAccount, Credentials, RefreshAttempt, Status
from tests.faults.processes import StartWorker, status
from tests.faults.rotating import RotatingProvider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.fault(20)
def test_a_worker_with_the_wrong_key_calls_nobody_writes_nothing_and_says_so(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = Credentials.objects.filter(pk=due_account.pk).values().get()
    worker = start_worker("--no-color", FIELD_ENCRYPTION_KEYS=fresh_field_encryption_key())
    assert worker.exit_code() == 0
    assert provider.presented() == []
    assert Credentials.objects.filter(pk=due_account.pk).values().get() == before
    assert status(due_account) == Status.ACTIVE
    assert RefreshAttempt.objects.get().error_code == "credentials_do_not_open"
    alarm = json.loads(capfd.readouterr().err.splitlines()[0])
    assert (alarm["event"], alarm["level"]) == ("credentials_do_not_open", "error")
    assert alarm["connected_account_id"] == due_account.pk
