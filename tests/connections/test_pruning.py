"""What is forgotten when, and what stays because somebody still needs it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.actors import SYSTEM
from connections.checks import check_history
from connections.issuing import issue_link
from connections.lifecycle import move
from connections.models import (
    Breaker,
    BulkItem,
    BulkJob,
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    ExpiryNotice,
    PortalLink,
    Proof,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Status,
    Transition,
    Trigger,
)
from connections.notices import describe_account
from connections.operations import (
    disable_account,
    enable_account,
    reconnect_account,
    revoke_account,
)
from connections.portal.issuing import issue_portal_link
from connections.pruning import KEPT_ATTEMPTS, policies, prune
from connections.timeline import timeline
from integrations.ids import id_at
from integrations.models import AuditEntry
from integrations.pruning import Pruning
from integrations.secrets import Secret
from tests.console.staff import signed_in
from tests.making import CALLBACK_URL
from tests.person import Person
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db

NOW = timezone.now()
HISTORY = timedelta(days=settings.HISTORY_DAYS)
AUDIT = timedelta(days=settings.AUDIT_DAYS)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not pruned yet."""
    monkeypatch.setattr("connections.pruning._pruning", Pruning())


def attempts(account: ConnectedAccount, count: int, *, since: datetime) -> list[str]:
    rows = [
        RefreshAttempt(
            id=id_at("ra", since + timedelta(minutes=number)),
            project=account.project,
            account=account,
            trigger=Trigger.SCHEDULE,
            worker="w",
            generation=1,
            started_at=since,
            finished_at=since,
            outcome=RefreshOutcome.TRANSIENT,
        )
        for number in range(count)
    ]
    return [row.pk for row in RefreshAttempt.objects.bulk_create(rows)]


def older(row: Any, prefix: str, moment: datetime) -> str:
    """Give ``row`` an id as if it had been made at ``moment``; return it."""
    pk = id_at(prefix, moment)
    type(row).objects.filter(pk=row.pk).update(id=pk)
    return pk


def test_old_refreshes_go_but_for_an_accounts_newest(account: ConnectedAccount) -> None:
    ids = attempts(account, KEPT_ATTEMPTS + 2, since=NOW - HISTORY - DAY)
    assert prune(now=NOW)["refreshes"] == 2
    assert set(RefreshAttempt.objects.values_list("pk", flat=True)) == set(ids[2:])


def test_newer_refreshes_count_as_the_newest(account: ConnectedAccount) -> None:
    attempts(account, 3, since=NOW - HISTORY - DAY)
    attempts(account, KEPT_ATTEMPTS, since=NOW - DAY)
    assert prune(now=NOW)["refreshes"] == 3


def test_refreshes_within_the_time_stay(account: ConnectedAccount) -> None:
    attempts(account, KEPT_ATTEMPTS + 2, since=NOW - HISTORY + DAY)
    assert prune(now=NOW)["refreshes"] == 0


def test_old_changes_of_status_go_but_for_an_accounts_last(account: ConnectedAccount) -> None:
    for number, row in enumerate(Transition.objects.order_by("pk")):
        last = older(row, "tr", NOW - AUDIT - DAY + timedelta(hours=number))
    assert Transition.objects.count() > 1
    prune(now=NOW)
    assert Transition.objects.get().pk == last


def test_changes_of_status_outlast_the_rest_of_the_history(account: ConnectedAccount) -> None:
    disable_account(account=account, actor=SYSTEM)
    for number, row in enumerate(Transition.objects.order_by("pk")):
        older(row, "tr", NOW - AUDIT + DAY + timedelta(hours=number))
    assert prune(now=NOW)["transitions"] == 0


def link(account: ConnectedAccount, *, callback_url: str = "", age: timedelta = HISTORY) -> str:
    made = issue_link(account=account, actor=SYSTEM, now=NOW - age - DAY, callback_url=callback_url)
    return older(made.link, "cl", NOW - age - DAY)


def test_old_links_go_with_their_trips(account: ConnectedAccount) -> None:
    pk = link(account)
    ConnectAttempt.objects.create(
        id=id_at("at", NOW - DAY),
        project=account.project,
        link_id=pk,
        auth_config=account.auth_config,
        state_digest="s",
        redirect_uri="https://x",
        expires_at=NOW - DAY,
    )
    assert prune(now=NOW)["links"] == 1
    assert not ConnectLink.objects.exists()
    assert not ConnectAttempt.objects.exists()


def test_the_link_that_says_where_to_go_back_to_stays(account: ConnectedAccount) -> None:
    link(account, callback_url=CALLBACK_URL, age=HISTORY + DAY)
    kept = link(account, callback_url=CALLBACK_URL)
    prune(now=NOW)
    assert ConnectLink.objects.get().pk == kept
    _, sealed = describe_account(account, old_status=None, now=NOW, reauth=True)
    assert "reauth_url" in sealed
    assert ConnectLink.objects.exclude(pk=kept).get().callback_url == CALLBACK_URL


def test_a_link_that_still_works_stays_however_old(account: ConnectedAccount) -> None:
    pk = link(account)
    ConnectLink.objects.filter(pk=pk).update(expires_at=NOW + DAY)
    assert prune(now=NOW)["links"] == 0


@pytest.mark.parametrize("over", [True, False])
def test_old_portal_links_go_when_they_are_over(account: ConnectedAccount, over: bool) -> None:
    made = issue_portal_link(entity=account.entity, actor=SYSTEM)
    older(made.link, "pl", NOW - HISTORY - DAY)
    PortalLink.objects.update(expires_at=NOW - DAY if over else NOW + DAY)
    assert prune(now=NOW)["portals"] == int(over)


@pytest.mark.parametrize("over", [True, False])
def test_old_revocations_go_when_they_are_over(account: ConnectedAccount, over: bool) -> None:
    ended = {"confirmed_at": NOW} if over else {"payload": Secret("{}")}
    Revocation.objects.create(
        id=id_at("rv", NOW - AUDIT - DAY),
        project=account.project,
        account=account,
        requested_by="operator:ann",
        requested_at=NOW - AUDIT,
        **ended,
    )
    assert prune(now=NOW)["revocations"] == int(over)


def test_a_change_of_status_outlasts_its_event(account: ConnectedAccount) -> None:
    enable = [disable_account, enable_account]
    for change in enable:
        change(account=account, actor=SYSTEM)
        account.refresh_from_db()
    titles = [entry.title for entry in timeline(account)]
    for number, event in enumerate(Event.objects.order_by("pk")):
        pk = id_at("evt", NOW - HISTORY - DAY + timedelta(hours=number))
        row = Event.objects.get(pk=event.pk)
        row.pk, row.sequence = pk, 1_000_000 + number
        row.save(force_insert=True)
        Transition.objects.filter(event=event).update(event=row)
        event.delete()
    assert prune(now=NOW)["events"] == len(titles)
    assert [entry.title for entry in timeline(account)] == titles
    assert {entry.event_id for entry in timeline(account)} == {""}


def test_every_table_of_history_is_pruned() -> None:
    named = {policy.rows.model for policy in policies(now=NOW)}
    models = {RefreshAttempt, Proof, ConnectAttempt, ConnectLink, PortalLink, Revocation}
    assert named == {*models, ExpiryNotice, Transition, AuditEntry, BulkItem, BulkJob}


@pytest.mark.parametrize(("history", "audit"), [(7, 400), (30, 29), (0, 0)])
def test_too_short_a_memory_is_refused(settings: Settings, history: int, audit: int) -> None:
    settings.HISTORY_DAYS, settings.AUDIT_DAYS = history, audit
    assert [found.id for found in check_history()] == ["connections.E001"]


def test_the_shortest_memory_is_longer_than_a_row_of_successes_grows(settings: Settings) -> None:
    settings.HISTORY_DAYS = settings.AUDIT_DAYS = 8
    assert check_history() == []


def test_sessions_that_have_expired_go_and_others_stay(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.sessions.BATCH", 2)
    living, *over = (str(signed_in(admin_user).session.session_key) for _ in range(4))
    for key in (living, *over):
        UserSession.objects.create(user=admin_user, session_key=key, ip="127.0.0.1")
    Session.objects.filter(pk__in=over).update(expire_date=NOW - DAY)
    assert prune(now=NOW)["sessions"] == 3
    assert Session.objects.get().pk == UserSession.objects.get().session_key == living


def test_an_open_breaker_that_nobody_comes_to_goes_and_others_stay() -> None:
    for name, failed_at in (("moved", NOW - 25 * HOUR), ("down", NOW - HOUR)):
        Breaker.objects.create(pk=name, opened_at=NOW - 9 * DAY, last_failure_at=failed_at)
    Breaker.objects.create(pk="at rest", last_failure_at=NOW - 9 * DAY)
    assert prune(now=NOW)["breakers"] == 1
    assert set(Breaker.objects.values_list("pk", flat=True)) == {"down", "at rest"}


def forget_history(account: ConnectedAccount) -> None:
    """Have all but the last change of ``account``'s status pruned."""
    for number, row in enumerate(Transition.objects.order_by("pk")):
        older(row, "tr", NOW - AUDIT - DAY + timedelta(hours=number))
    prune(now=NOW)
    assert not Transition.objects.filter(to_status=Status.ACTIVE).exists()


def reconnect(account: ConnectedAccount) -> ConnectedAccount:
    person = Person(reconnect_account(account=account, actor=SYSTEM).url)
    person.set_out()
    person.come_back(code="c")
    account.refresh_from_db()
    return account


@pytest.mark.parametrize("end", [revoke_account, disable_account])
def test_an_account_whose_history_is_forgotten_can_be_reconnected(
    account: ConnectedAccount, end: Any
) -> None:
    end(account=account, actor=SYSTEM)
    forget_history(account)
    reconnected = reconnect(account)
    assert (reconnected.status, reconnected.status_reason) == (Status.ACTIVE, Reason.RECONNECTED)


def test_its_reconnecting_is_told_as_such(account: ConnectedAccount) -> None:
    died = Reason.GRANT_REVOKED
    move(account=account, to=Status.EXPIRED, reason=died, actor=SYSTEM, now=NOW)
    forget_history(account)
    reconnect(account)
    newest = Event.objects.filter(subject_id=account.pk).order_by("-sequence")[0]
    assert newest.type == EventType.REACTIVATED
