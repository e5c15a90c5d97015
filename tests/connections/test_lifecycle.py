"""The one function that changes a status."""

from __future__ import annotations

import itertools

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from connections import lifecycle
from connections.actors import SYSTEM
from connections.errors import StatusChanged, TransitionRefused
from connections.lifecycle import TRANSITIONS, event_type, move
from connections.models import ConnectedAccount, Credentials, Reason, Status, Transition
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db


def disable(account: ConnectedAccount) -> None:
    move(
        account=account,
        to=Status.INACTIVE,
        reason=Reason.DISABLED_BY_API,
        actor=SYSTEM,
        now=timezone.now(),
    )


def test_a_move_writes_status_history_and_event(account: ConnectedAccount) -> None:
    disable(account)
    stored = ConnectedAccount.objects.get(pk=account.pk)
    assert (stored.status, stored.status_reason) == (Status.INACTIVE, Reason.DISABLED_BY_API)
    step = Transition.objects.filter(account=account).latest("pk")
    assert (step.from_status, step.to_status) == (Status.ACTIVE, Status.INACTIVE)
    assert step.event is not None
    assert step.event.type == EventType.DEACTIVATED
    assert step.event.data["old_status"] == Status.ACTIVE


def test_a_move_from_a_status_that_is_gone_raises_and_writes_nothing(
    account: ConnectedAccount,
) -> None:
    stale = ConnectedAccount.objects.get(pk=account.pk)
    disable(account)
    steps = Transition.objects.count()
    with pytest.raises(StatusChanged):
        disable(stale)
    assert Transition.objects.count() == steps


def test_a_killed_transaction_takes_status_history_and_event_along(
    account: ConnectedAccount,
) -> None:
    before = Event.objects.count()

    def disable_and_die() -> None:
        with transaction.atomic():
            disable(account)
            raise DatabaseError

    with pytest.raises(DatabaseError):
        disable_and_die()
    assert Event.objects.count() == before
    assert ConnectedAccount.objects.get(pk=account.pk).status == Status.ACTIVE


def test_a_failing_event_leaves_the_status_alone(
    account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(lifecycle, "record_event", refuse)
    with pytest.raises(DatabaseError):
        disable(account)
    assert ConnectedAccount.objects.get(pk=account.pk).status == Status.ACTIVE


@pytest.mark.parametrize(
    ("before", "after"),
    [pair for pair in itertools.product(Status, Status) if pair not in TRANSITIONS],
)
def test_what_the_table_does_not_list_is_refused(
    account: ConnectedAccount, before: Status, after: Status
) -> None:
    account.status = before
    for reason in Reason:
        with pytest.raises(TransitionRefused):
            move(account=account, to=after, reason=reason, actor=SYSTEM, now=timezone.now())


@pytest.mark.parametrize("pair", TRANSITIONS)
def test_every_transition_has_an_event(pair: tuple[Status | None, Status]) -> None:
    for reason in TRANSITIONS[pair]:
        assert event_type(pair[1], reason) in EventType


def test_a_revoked_account_has_no_credentials(account: ConnectedAccount) -> None:
    move(
        account=account,
        to=Status.REVOKED,
        reason=Reason.REVOKED_BY_API,
        actor=SYSTEM,
        now=timezone.now(),
    )
    assert not Credentials.objects.filter(account=account).exists()


def test_an_account_that_is_not_active_is_never_due(account: ConnectedAccount) -> None:
    disable(account)
    assert ConnectedAccount.objects.get(pk=account.pk).refresh_at is None
