"""Workers whose clock is an hour off (faults.md 12)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connections.models import ConnectedAccount, RefreshAttempt, RefreshOutcome, Status
from connections.refresh import get_credentials
from tests.faults.processes import PATIENCE_SECONDS, Gate, StartWorker, generation, now_of, status
from tests.faults.rotating import RotatingProvider
from tests.provider import Answer

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600


def due_in(account: ConnectedAccount, minutes: int) -> None:
    """Have the account's token end, and its refresh be due, in so many minutes."""
    then = timezone.now() + timedelta(minutes=minutes)
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=then, refresh_at=then)


@pytest.mark.fault(12)
def test_a_clock_an_hour_ahead_refreshes_early_and_breaks_no_lease(
    account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    due_in(account, minutes=40)
    gate = Gate()
    provider.before_answering = gate.hold
    first = start_worker("--no-color", clock=HOUR)
    assert gate.reached.wait(PATIENCE_SECONDS)
    provider.before_answering = lambda: None
    # To this one the lease seems to be over for long.
    assert start_worker("--no-color", clock=2 * HOUR).exit_code() == 0
    gate.opened.set()
    assert first.exit_code() == 0
    assert provider.presented() == ["refresh-1"]
    assert (status(account), generation(account)) == (Status.ACTIVE, 2)
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED


@pytest.mark.fault(12)
def test_a_clock_an_hour_behind_calls_late_and_a_401_forces_one_refresh(
    account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due_in(account, minutes=-10)
    assert start_worker("--no-color", clock=-HOUR).exit_code() == 0
    assert provider.presented() == []
    assert status(account) == Status.ACTIVE
    # Readers with that clock take the token for a living one, until the service refuses it.
    an_hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: an_hour_ago)
    served = get_credentials(account_id=account.pk)
    assert served.tokens.access_token.reveal() == "access-1"
    assert refused_everywhere(account) == {"access-1001"}
    assert provider.presented() == ["refresh-1"]


@pytest.mark.fault(12)
def test_after_a_failure_a_clock_an_hour_ahead_waits_as_long_as_any_other(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    # No outage, so that no breaker keeps the worker from calling again.
    provider.answer_tokens(Answer(status=403, json={"error": "try_later"}))
    assert start_worker("--no-color", clock=HOUR).exit_code() == 0
    assert len(provider.token_calls()) == 1
    tried_again = now_of(due_account).refresh_at
    assert tried_again is not None
    assert tried_again < timezone.now() + timedelta(minutes=1)


@pytest.mark.fault(12)
def test_an_end_that_a_wrong_clock_stored_is_made_up_for_by_a_401(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    assert start_worker("--no-color", clock=HOUR).exit_code() == 0
    # Its token lives a minute, and is believed to live an hour longer.
    assert now_of(due_account).lives_for(HOUR, now=timezone.now())
    served = get_credentials(account_id=due_account.pk)
    assert served.tokens.access_token.reveal() == "access-1001"
    assert refused_everywhere(due_account) == {"access-1002"}
    assert provider.presented() == ["refresh-1", "refresh-1001"]


def refused_everywhere(account: ConnectedAccount) -> set[str]:
    """Have ten callers complain of a 401 for the stored tokens; return what they get instead."""
    refused = generation(account)

    def complain(_: int) -> str:
        try:
            grant = get_credentials(account_id=account.pk, refused_generation=refused)
            return grant.tokens.access_token.reveal()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        return set(pool.map(complain, range(10)))
