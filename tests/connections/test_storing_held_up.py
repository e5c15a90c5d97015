"""Answers that cannot be stored though the database is there: locks, time-outs (faults.md 8)."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from connections import probing, revoking
from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Credentials, Reason, Revocation, Trigger
from connections.operations import revoke_account
from connections.refresh import crew as crews
from connections.refresh import upkeep
from connections.refresh.claim import Claim, claim_due
from connections.refresh.crew import Crew, Lane
from connections.refresh.upkeep import Upkeep
from connections.refresh.work import call_provider, store
from integrations.database import DATABASE_AWAY, is_away
from integrations.schemes import RefusalKind, Refused
from integrations.statements import rows
from tests.making import connect
from tests.provider import Answer, ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from connections.models import Entity
    from integrations.models import AuthConfig

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def locked(account_id: str) -> Iterator[None]:
    """Somebody forgot a transaction in a console."""
    server: psycopg.Connection[Any] = connection.connection
    with psycopg.connect(server.info.dsn, password=server.info.password) as other:
        other.execute(
            "UPDATE connections_connectedaccount SET toolkit = toolkit WHERE id = %s", [account_id]
        )
        yield


@pytest.fixture
def claims(auth_config: AuthConfig, entity: Entity) -> list[Claim]:
    """Two accounts that are claimed."""
    past = timezone.now() - timedelta(minutes=1)
    for _ in range(2):
        connect(auth_config=auth_config, entity=entity)
    ConnectedAccount.objects.update(expires_at=past, refresh_at=past)
    return claim_due(limit=2, trigger=Trigger.SCHEDULE, now=timezone.now())


def generations() -> dict[str, int]:
    return dict(Credentials.objects.values_list("account_id", "generation"))


def test_a_locked_account_does_not_hold_up_the_others(claims: list[Claim]) -> None:
    mine, other = claims
    answers = [call_provider(claim) for claim in claims]
    began = time.monotonic()
    with locked(mine.account_id):
        waiting = store(answers, troubled=[], now=timezone.now())
    assert time.monotonic() - began < 3
    assert waiting == answers[:1]
    assert generations() == {mine.account_id: 1, other.account_id: 2}
    assert store(waiting, troubled=[], now=timezone.now()) == []
    assert generations() == {mine.account_id: 2, other.account_id: 2}


def test_a_refusal_waits_for_a_locked_account_too(
    claims: list[Claim], provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    [mine, _] = answers = [call_provider(claim) for claim in claims]
    began = time.monotonic()
    with locked(mine.claim.account_id):
        assert store(answers, troubled=[], now=timezone.now()) == [mine]
    assert time.monotonic() - began < 3
    assert store([mine], troubled=[], now=timezone.now()) == []
    expired = ConnectedAccount.objects.filter(status_reason=Reason.GRANT_REVOKED)
    assert expired.count() == 2


def test_a_probe_of_a_locked_account_waits(claims: list[Claim], provider: ScriptedProvider) -> None:
    now = timezone.now()
    later = now + timedelta(hours=1)
    ConnectedAccount.objects.update(
        lease_id="", lease_until=None, expires_at=later, refresh_at=later, probe_at=now
    )
    findings = [probing.probe(probe) for probe in probing.claim_due(limit=2, now=now)]
    with locked(findings[0].probe.account_id):
        assert probing.finish(findings, now=now) == findings[:1]
    assert probing.finish(findings[:1], now=now) == []


def test_a_lane_whose_answers_wait_for_a_lock_stops_no_other() -> None:
    def meet_a_lock(_pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)")
        raise AssertionError

    crew = Crew([a_lane(meet_a_lock, jobs=[]), a_lane(lambda _pairs: [], jobs=[])])
    for lane in crew.lanes:
        lane.answered = [("job", "answer")]
    assert crew.settle(timeout=0) == 1


def test_one_answer_that_cannot_be_stored_at_all_stops_no_other() -> None:
    stored: list[str] = []

    def meet_a_surprise(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        if any(answer == "odd" for _, answer in pairs):
            raise ValueError("odd")
        stored.extend(answer for _, answer in pairs)
        return []

    crew = Crew([a_lane(meet_a_surprise, jobs=[])])
    crew.lanes[0].answered = [("job", answer) for answer in ("one", "odd", "other")]
    assert crew.settle(timeout=0) == 3
    assert (stored, crew.busy) == (["one", "other"], False)


def a_lane(
    store: Callable[[list[tuple[Any, Any]]], list[tuple[Any, Any]]], *, jobs: list[list[str]]
) -> Lane:
    return Lane(
        name="held up",
        slots=1,
        pause=0,
        batch=1,
        claim=lambda _free, _now: jobs.pop(0),
        call=lambda job: job,
        store=store,
    )


def test_a_crew_keeps_what_has_to_be_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "LAST_PAUSE_SECONDS", 0)
    tries: list[int] = []

    def store_at_the_third_time(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        tries.append(len(pairs))
        return pairs if len(tries) < 3 else []

    lane = a_lane(store_at_the_third_time, jobs=[["job"], []])
    with Crew([lane]) as crew:
        crew.take_up(now=timezone.now())
    assert tries == [1, 1, 1]
    assert not crew.busy


def test_what_is_tried_in_vain_is_not_the_databases_absence() -> None:
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1; SELECT pg_sleep(5)")
    connection.close()
    assert isinstance(caught.value, DATABASE_AWAY)
    assert not is_away(caught.value)


def test_a_lost_connection_is_the_databases_absence() -> None:
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    assert is_away(caught.value)


def test_no_lock_is_waited_for_without_end() -> None:
    assert rows("SELECT current_setting('lock_timeout')", {}) == [("5s",)]


def test_a_duty_that_takes_too_long_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    beaten: list[datetime] = []

    def too_long(**_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)")

    monkeypatch.setattr(upkeep, "drain_orphans", too_long)
    Upkeep(beat=beaten.append).run(now := timezone.now())
    assert beaten == [now]


def test_an_attempt_to_revoke_that_is_stored_again_counts_once(account: ConnectedAccount) -> None:
    revoke_account(account=account, actor=SYSTEM)
    [revocation] = revoking.claim_due(limit=1, now=timezone.now())
    down = Refused(kind=RefusalKind.TRANSIENT, error_code="http_503")
    for _ in range(20):
        revoking.finish(revocation, down)
    stored = Revocation.objects.get()
    assert (stored.attempt_count, stored.given_up_at) == (1, None)
