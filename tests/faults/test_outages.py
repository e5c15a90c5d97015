"""Providers that fail for hours, limit calls, or refuse the client (faults.md 13 to 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Entity, RefreshAttempt, Status, Trigger
from connections.refresh import get_credentials
from connections.refresh.claim import claim_due
from connections.refresh.work import call_provider, store
from integrations import outbound
from integrations.models import AuthConfig
from tests.faults.processes import Gate, events_of, now_of
from tests.faults.rotating import RotatingProvider
from tests.making import connect
from tests.provider import Answer
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db(transaction=True)

HOURS = timedelta(hours=6)
TOKEN = outbound.Role.TOKEN


@pytest.fixture(params=["500", "502", "503", "no such name", "no TLS", "silence"])
def _outage(
    request: pytest.FixtureRequest,
    auth_config: AuthConfig,
    provider: RotatingProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Have the provider fail in one way after the other."""
    never = Gate()
    if request.param == "500":
        # What it says of the grant is not believed: it is in trouble.
        provider.answer_tokens(Answer(status=500, json={"error": "invalid_grant"}))
    elif request.param.isdigit():
        provider.answer_tokens(Answer(status=int(request.param), raw=b"<html>down</html>"))
    elif request.param == "silence":
        provider.answer_tokens(Answer(json={}, before=never.hold))
        short = dict(outbound.LIMITS) | {TOKEN: replace(outbound.LIMITS[TOKEN], deadline=0.1)}
        monkeypatch.setattr(outbound, "LIMITS", short)
    else:
        nowhere = "https://nowhere.invalid"
        url = nowhere if request.param == "no such name" else provider.url.replace("http", "https")
        auth_config.parameters = {"base_url": url}
        auth_config.save()
    yield
    never.opened.set()


@pytest.mark.fault(13)
@pytest.mark.usefixtures("_outage")
def test_an_outage_of_hours_expires_nobody_backs_off_and_leaves_the_live_token_served(
    account: ConnectedAccount,
) -> None:
    now = timezone.now()
    facts = {"refreshed_at": now - HOURS, "expires_at": now + HOURS}
    ConnectedAccount.objects.filter(pk=account.pk).update(**facts)
    pauses = [try_now(account) for _ in range(20)]
    assert sum(pauses) > HOURS.total_seconds()
    assert now_of(account).status == Status.ACTIVE
    growing = (5, 15, 30, 60, 120, 300, 600)
    assert pauses[:7] == [pytest.approx(seconds, rel=0.11) for seconds in growing]
    assert pauses[7:] == pytest.approx([1800] * len(pauses[7:]), rel=0.11)
    assert set(RefreshAttempt.objects.values_list("outcome", flat=True)) <= {
        "transient",
        "in_doubt",
    }
    served = get_credentials(account_id=account.pk, minimum_seconds=8 * 3600)
    assert served.tokens.access_token.reveal() == "access-1"
    assert events_of(account)[2:] == [EventType.REFRESH_FAILING]


def tried_at(account: ConnectedAccount) -> datetime:
    """Return when the account is tried next."""
    due = now_of(account).refresh_at
    assert due is not None
    return due


def try_now(account: ConnectedAccount) -> float:
    """Try to refresh, as if the pause were over; return for how many seconds it waits then."""
    ConnectedAccount.objects.filter(pk=account.pk).update(refresh_at=timezone.now())
    [claim] = claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now())
    answer = call_provider(claim)
    store([answer], troubled=(), now=(now := timezone.now()))
    return (tried_at(account) - now).total_seconds()


@pytest.mark.fault(14)
@pytest.mark.parametrize(("wish", "honoured"), [("600", 600), ("86400", 3600)])
def test_a_wish_to_be_left_alone_is_honoured_up_to_an_hour(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    work_off: Callable[[], None],
    wish: str,
    honoured: int,
) -> None:
    provider.answer_tokens(Answer(status=429, json={}, headers={"Retry-After": wish}))
    began = timezone.now()
    work_off()
    work_off()
    pause = tried_at(due_account) - began
    assert timedelta(seconds=honoured) <= pause < timedelta(seconds=honoured + 40)
    assert now_of(due_account).status == Status.ACTIVE
    assert len(provider.token_calls()) == 1


@pytest.mark.fault(15)
def test_a_refused_client_raises_one_alarm_and_changes_no_account(
    due_account: ConnectedAccount, provider: RotatingProvider, work_off: Callable[[], None]
) -> None:
    bob = Entity.objects.create(project=due_account.project, user_id="bob")
    others = connect(auth_config=due_account.auth_config, entity=bob)
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(pk=others.pk).update(expires_at=past, refresh_at=past)
    provider.answer_tokens(Answer(status=401, json={"error": "invalid_client"}))
    work_off()
    work_off()
    accounts = ConnectedAccount.objects.values_list(
        "status", "refresh_failures", "grant_generation"
    )
    assert set(accounts) == {(Status.ACTIVE, 0, 1)}
    [alarm] = Event.objects.filter(type=EventType.MISCONFIGURED)
    assert alarm.subject_id == due_account.auth_config_id
    assert alarm.data["error_code"] == "invalid_client"
    assert EventType.EXPIRED not in events_of(due_account) + events_of(others)
