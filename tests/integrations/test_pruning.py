"""Walking through old rows: in batches, in turn, alone, and never twice the same way in an hour."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from integrations import pruning
from integrations.ids import id_at, new_id
from integrations.models import ApiKey, Project
from integrations.pruning import LOCK, Policy, Pruning

pytestmark = pytest.mark.django_db

OLD = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="Acme")


def keys(project: Project, count: int, *, name: str = "old") -> None:
    for number in range(count):
        key = ApiKey(project=project, name=name)
        key.pk = id_at("ak", OLD + timedelta(seconds=number))
        key.issue()


def policy(name: str = "keys", *, of: str = "old") -> Policy:
    rows = ApiKey.objects.filter(name=of)
    return Policy(name=name, rows=rows, before=OLD + timedelta(days=1))


def test_ids_of_a_time_come_after_those_before_it() -> None:
    before = new_id("ak")
    moment = datetime.now(UTC)
    assert before < id_at("ak", moment + timedelta(milliseconds=2))
    assert id_at("ak", moment - timedelta(milliseconds=2)) < before
    assert len(id_at("ak", moment)) == len(before)


def test_a_table_whose_ids_tell_no_time_is_not_pruned() -> None:
    with pytest.raises(TypeError, match="Session"):
        Pruning().run([Policy(name="x", rows=Session.objects.all(), before=OLD)], limit=1)


def test_old_rows_go_and_others_stay(project: Project) -> None:
    keys(project, 3)
    ApiKey(project=project, name="old").issue()
    assert Pruning().run([policy()], limit=100) == {"keys": 3}
    assert ApiKey.objects.count() == 1


def test_rows_that_are_needed_stay(project: Project) -> None:
    keys(project, 2, name="needed")
    assert Pruning().run([policy()], limit=100) == {"keys": 0}
    assert ApiKey.objects.count() == 2


def test_a_round_stops_at_its_limit_and_the_next_goes_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    keys(project, 5)
    walk = Pruning()
    assert walk.run([policy()], limit=3) == {"keys": 4}
    assert walk.run([policy()], limit=3) == {"keys": 1}


def test_a_round_stops_when_its_time_is_over(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    monkeypatch.setattr(pruning, "ROUND_SECONDS", 0.0)
    keys(project, 3)
    assert Pruning().run([policy()], limit=100) == {"keys": 1}


def test_tables_take_turns(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    keys(project, 3)
    found = Pruning().run([policy("one"), policy("other")], limit=2)
    assert found == {"one": 1, "other": 1}


def test_a_row_that_stays_is_not_looked_at_in_every_round(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    monkeypatch.setattr(pruning, "ROUND_SECONDS", 0.0)
    keys(project, 3)
    ApiKey.objects.filter(pk=id_at("ak", OLD)).update(name="needed")
    walk = Pruning()
    rounds = [walk.run([policy()], limit=100)["keys"] for _ in range(3)]
    assert rounds == [0, 1, 1]


def test_a_walk_that_came_to_its_end_begins_again_after_an_hour(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(project, 1, name="needed")
    walk = Pruning()
    walk.run([policy()], limit=100)
    ApiKey.objects.update(name="old")
    assert walk.run([policy()], limit=100) == {"keys": 0}
    monkeypatch.setattr(pruning, "REST_SECONDS", 0.0)
    walk._rests.clear()
    assert walk.run([policy()], limit=100) == {"keys": 1}


@pytest.mark.django_db(transaction=True)
def test_while_another_process_prunes_nothing_is_done(project: Project) -> None:
    keys(project, 1)
    server, name = urlsplit(os.environ["DATABASE_URL"]), connection.settings_dict["NAME"]
    walk = Pruning()
    with psycopg.connect(server._replace(path=f"/{name}").geturl()) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        assert walk.run([policy()], limit=100) == {"keys": 0}
    assert walk.run([policy()], limit=100) == {"keys": 1}
