"""An account that is deleted, revoked or reconnected during its refresh (faults.md 21, 22)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from connections import vault
from connections.actors import SYSTEM
from connections.models import (
    ConnectedAccount,
    Credentials,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from connections.operations import delete_account, revoke_account
from tests.faults.processes import PATIENCE_SECONDS, Gate, StartWorker, now_of, status, until
from tests.faults.rotating import REFUSED, RotatingProvider
from tests.making import store_grant
from tests.provider import REVOKE_PATH, Answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(due_account: ConnectedAccount, provider: RotatingProvider) -> Gate:
    """Holds the provider's answer until it is opened."""
    gate = Gate()
    provider.before_answering = gate.hold
    return gate


@pytest.mark.fault(21)
@pytest.mark.parametrize(
    "ending",
    [(delete_account, Status.DELETED), (revoke_account, Status.REVOKED)],
    ids=["deleted", "revoked"],
)
def test_an_account_that_is_ended_amid_the_call_stays_so_and_the_new_token_is_revoked(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    gate: Gate,
    ending: tuple[Callable[..., None], Status],
) -> None:
    end, ended = ending
    start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    end(account=now_of(due_account), actor=SYSTEM)
    gate.opened.set()
    until(lambda: revoked_at(provider) == {"refresh-1", "refresh-1001"})
    assert status(due_account) == ended
    assert not Credentials.objects.filter(pk=due_account.pk).exists()


def revoked_at(provider: RotatingProvider) -> set[str]:
    return {form["token"] for form in provider.forms(REVOKE_PATH)}


@pytest.mark.fault(22)
def test_a_grant_that_a_person_gave_amid_the_call_wins(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    gate: Gate,
) -> None:
    worker = start_worker("--no-color")
    assert gate.reached.wait(PATIENCE_SECONDS)
    store_grant(now_of(due_account), now=timezone.now(), reason=Reason.RECONNECTED, number=9)
    gate.opened.set()
    assert worker.exit_code() == 0
    assert refresh_token_of(due_account) == "refresh-9"
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.SUPERSEDED


@pytest.mark.fault(22)
def test_a_refusal_of_the_grant_before_does_not_end_the_new_one(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    gate: Gate,
) -> None:
    provider.answer_tokens(Answer(status=400, json=REFUSED.json, before=gate.hold))
    worker = start_worker("--no-color")
    assert gate.reached.wait(PATIENCE_SECONDS)
    store_grant(now_of(due_account), now=timezone.now(), reason=Reason.RECONNECTED, number=9)
    gate.opened.set()
    assert worker.exit_code() == 0
    assert status(due_account) == Status.ACTIVE
    assert refresh_token_of(due_account) == "refresh-9"


def refresh_token_of(account: ConnectedAccount) -> str:
    grant = vault.open_grant(Credentials.objects.get(pk=account.pk))
    assert grant.refresh_token is not None
    return grant.refresh_token.reveal()
