"""What a worker makes of odd and of cut answers (faults.md 7, 16 to 18)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from connections import vault
from connections.models import ConnectedAccount, Credentials, Reason, Status
from tests.faults.processes import (
    StartWorker,
    events_of,
    generation,
    now_of,
    status,
    until,
    waits_for_a_lock,
)
from tests.faults.rotating import REFUSED, RotatingProvider
from tests.provider import Answer, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db(transaction=True)

LOST = [
    pytest.param(Answer(json=tokens().json, cut=True), id="connection cut"),
    pytest.param(Answer(raw=b'{"access_token": "access-2", "refre'), id="truncated JSON"),
]


@pytest.mark.fault(7)
@pytest.mark.parametrize("lost", LOST)
def test_an_answer_that_is_cut_off_leads_to_one_retry_and_a_refusal_to_a_lost_rotation(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    lost: Answer,
) -> None:
    provider.answer_tokens(lost, REFUSED)
    start_worker()
    until(lambda: status(due_account) == Status.EXPIRED)
    assert now_of(due_account).status_reason == Reason.ROTATION_LOST
    [told] = Event.objects.filter(subject_id=due_account.pk, type=EventType.EXPIRED)
    assert told.payload()["data"]["reauth_url"].startswith("http://testserver/connect/")
    assert provider.presented() == ["refresh-1", "refresh-1"]


@pytest.mark.fault(7)
@pytest.mark.parametrize("lost", LOST)
def test_an_answer_that_is_cut_off_is_made_up_for_in_the_grace(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    lost: Answer,
) -> None:
    provider.answer_tokens(lost, tokens(3))
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1", "refresh-1"]


@pytest.mark.fault(16)
def test_a_grant_that_is_over_expires_the_account_and_says_so(
    due_account: ConnectedAccount, provider: RotatingProvider, work_off: Callable[[], None]
) -> None:
    provider.answer_tokens(REFUSED)
    work_off()
    account = now_of(due_account)
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)
    assert events_of(due_account).count(EventType.EXPIRED) == 1


@pytest.mark.fault(16)
def test_a_worker_killed_between_status_and_event_has_changed_neither(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    provider.answer_tokens(REFUSED)
    with transaction.atomic(), connection.cursor() as cursor:
        # Events can be read, and none can be written.
        cursor.execute("LOCK TABLE webhooks_event IN SHARE MODE")
        worker = start_worker("--no-color")
        until(lambda: waits_for_a_lock('INSERT INTO "webhooks_event"'))
        assert status(due_account) == Status.ACTIVE
        worker.kill()
    start_worker()
    until(lambda: status(due_account) == Status.EXPIRED)
    assert events_of(due_account).count(EventType.EXPIRED) == 1


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        pytest.param(Answer(json={"error": "invalid_grant"}), Status.EXPIRED, id="200 revoked"),
        pytest.param(
            Answer(json={"error": "temporarily_unavailable"}), Status.ACTIVE, id="200 unavailable"
        ),
        pytest.param(Answer(status=400, raw=b"<html>proxy</html>"), Status.ACTIVE, id="400 HTML"),
        pytest.param(Answer(raw=b"<html>hello</html>"), Status.ACTIVE, id="200 HTML"),
    ],
)
def test_an_answer_is_judged_by_its_error_code_and_one_without_is_transient(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    work_off: Callable[[], None],
    answer: Answer,
    becomes: Status,
) -> None:
    provider.answer_tokens(answer)
    work_off()
    account = now_of(due_account)
    assert account.status == becomes
    assert generation(due_account) == 1
    assert account.refresh_failures == (becomes is Status.ACTIVE)


@pytest.mark.fault(18)
@pytest.mark.parametrize("absent", [None, ""], ids=["absent", "empty"])
def test_where_no_refresh_token_comes_the_old_one_stays_and_is_used_again(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    work_off: Callable[[], None],
    absent: str | None,
) -> None:
    provider.answer_tokens(tokens(refresh_token=absent))
    work_off()
    grant = vault.open_grant(Credentials.objects.get(pk=due_account.pk))
    assert grant.access_token.reveal() == "access-2"
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() == "refresh-1"
    assert status(due_account) == Status.ACTIVE
