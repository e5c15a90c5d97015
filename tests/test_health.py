"""What a supervisor and Prometheus are told over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from connections.actors import WORKER
from connections.lifecycle import move
from connections.models import (
    Breaker,
    ConnectedAccount,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Trigger,
    Worker,
)
from integrations.ids import id_at

TOKEN = "a token for the scraper"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name="w:1",
        host="w",
        pid=1,
        started_by="command",
        started_at=now,
        seen_at=now,
        refreshed=5,
        failed=2,
    )


def test_a_healthy_installation_answers_200(client: Client, worker: Worker) -> None:
    answer = client.get("/healthz/refresh")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["problems"], told["workers"]) == ("ok", [], 1)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_without_a_worker_it_answers_503(client: Client) -> None:
    answer = client.get("/healthz/refresh")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["no_worker"])


def test_without_the_database_it_answers_503(client: Client, worker: Worker) -> None:
    def refuse(*_args: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(refuse):
        answer = client.get("/healthz/refresh")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["database_away"])


def test_trouble_that_endangers_no_grant_answers_200(client: Client, worker: Worker) -> None:
    Worker.objects.update(journal_trouble="No space left on /secret/folder")
    answer = client.get("/healthz/refresh")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "secret" not in answer.content.decode()


def test_the_database_is_looked_at_once_a_second(client: Client, worker: Worker) -> None:
    client.get("/healthz/refresh")
    Worker.objects.all().delete()
    assert client.get("/healthz/refresh").status_code == 200
    cache.clear()
    assert client.get("/healthz/refresh").status_code == 503


def test_it_takes_no_post(client: Client) -> None:
    assert client.post("/healthz/refresh").status_code == 405


def samples(client: Client, **headers: str) -> dict[str, float]:
    """Return what the scraper reads: value by name and labels."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"} | headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        " ".join([sample.name, *map(str, sorted(sample.labels.values()))]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", TOKEN])
def test_metrics_are_for_whoever_has_the_token(
    client: Client, settings: Settings, sent: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_without_a_token_in_the_settings_there_are_no_metrics(client: Client) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_tell_of_workers_and_what_they_did(
    client: Client, settings: Settings, worker: Worker
) -> None:
    settings.METRICS_TOKEN = TOKEN
    told = samples(client)
    assert told["evergrant_refresh_workers"] == 1
    assert told["evergrant_refresh_healthy"] == 1
    assert told["evergrant_refreshes_total stored w:1"] == 5
    assert told["evergrant_refreshes_total failed w:1"] == 2


def test_metrics_tell_how_long_the_oldest_account_has_been_due(
    client: Client, settings: Settings, due_account: ConnectedAccount
) -> None:
    settings.METRICS_TOKEN = TOKEN
    told = samples(client)
    assert 60 <= told["evergrant_refresh_oldest_due_seconds"] < 90
    assert told["evergrant_connected_accounts active"] == 1
    assert told["evergrant_refresh_healthy"] == 0


def test_metrics_tell_a_lost_rotation_from_a_withdrawn_grant(
    client: Client, settings: Settings, account: ConnectedAccount
) -> None:
    settings.METRICS_TOKEN = TOKEN
    facts = {"to": Status.EXPIRED, "reason": Reason.ROTATION_LOST, "actor": WORKER}
    move(account=account, now=timezone.now(), **facts)  # type: ignore[arg-type]
    told = samples(client)
    assert told["evergrant_grants_ended_recent rotation_lost"] == 1
    assert told["evergrant_grants_ended_recent grant_revoked"] == 0


def test_metrics_count_the_attempts_of_the_last_minutes(
    client: Client, settings: Settings, account: ConnectedAccount
) -> None:
    settings.METRICS_TOKEN = TOKEN
    for minutes in (1, 2, 6):
        then = timezone.now() - timedelta(minutes=minutes)
        RefreshAttempt.objects.create(
            id=id_at("ra", then),
            project=account.project,
            account=account,
            trigger=Trigger.SCHEDULE,
            worker="w",
            generation=1,
            started_at=then,
            outcome=RefreshOutcome.IN_DOUBT,
        )
    told = samples(client)
    assert told["evergrant_refresh_attempts_recent in_doubt"] == 2
    assert told["evergrant_refresh_attempts_recent transient"] == 0


@pytest.mark.django_db
def test_metrics_count_providers_whose_refusals_are_doubted(
    client: Client, settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert samples(client)["evergrant_refusals_doubted"] == 0
    now = timezone.now()
    Breaker.objects.create(pk="ac_1 (identity)", doubted_since=now, last_failure_at=now)
    assert samples(client)["evergrant_refusals_doubted"] == 1


@pytest.mark.parametrize("page", ["/healthz", "/healthz/refresh", "/metrics"])
def test_a_probe_may_ask_a_process_by_its_address(
    client: Client, settings: Settings, worker: Worker, page: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    headers = {"Host": "10.0.0.7:8000", "Authorization": f"Bearer {TOKEN}"}
    assert client.get(page, headers=headers).status_code == 200


@pytest.mark.parametrize("page", ["/admin/login/", "/api/v1/toolkits", "/healthz/", "/"])
def test_nothing_else_is_answered_there(client: Client, page: str) -> None:
    assert client.get(page, headers={"Host": "10.0.0.7:8000"}).status_code == 400
