"""A process that refreshes by itself mails people and registers clients, with no job runner."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import errands, heartbeat
from connections.beside import looking_beside
from connections.models import ConnectedAccount
from connections.refresh import watch_refreshes
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.authorization_server import REGISTER, Reply, SelfDescribingServer, create_mcp_config
from tests.connections.noticing import ADDRESS, die, let_write, make_due
from tests.mail_server import MailServer


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


def stopping(stop: threading.Event, answer: Callable[[], Reply]) -> Callable[[], Reply]:
    def answer_and_stop() -> Reply:
        stop.set()
        return answer()

    return answer_and_stop


@pytest.mark.django_db(transaction=True)
def test_a_client_that_ends_soon_is_registered_anew(
    project: Project, server: SelfDescribingServer
) -> None:
    config, now = create_mcp_config(project, server), timezone.now()
    config.registration = Secret(
        json.dumps(
            {
                "client_id": config.client_id,
                "registered_at": (now - timedelta(days=9)).isoformat(),
                "client_secret_expires_at": (now + timedelta(days=1)).isoformat(),
            }
        )
    )
    config.save()
    stop = threading.Event()
    server.replies["POST", REGISTER] = stopping(stop, server.replies["POST", REGISTER])
    watch_refreshes(seconds=20, stop=stop)
    assert AuthConfig.objects.get().client_id == "client-2"


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_due_is_sent(
    account: ConnectedAccount, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_write(account)
    die(account)
    make_due()
    stop = threading.Event()
    # The other errand comes after the mails.
    monkeypatch.setattr(errands, "renew_registrations", lambda **_: stop.set())
    with MailServer().serving() as server:
        for name, value in server.settings.items():
            setattr(settings, name, value)
        watch_refreshes(seconds=20, stop=stop)
    assert [message["To"] for message in server.taken] == [ADDRESS]


@pytest.mark.django_db(transaction=True)
def test_one_errand_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def fail(**_: object) -> None:
        raise OverflowError

    monkeypatch.setattr(errands, "send_due_notices", fail)
    monkeypatch.setattr(errands, "renew_registrations", lambda **_: stop.set())
    watch_refreshes(seconds=20, stop=stop)
    assert stop.is_set()


@pytest.mark.django_db(transaction=True)
def test_the_job_runner_does_them_by_its_own_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr(errands, "running_errands", refuse)
    watch_refreshes(seconds=0, stop=threading.Event(), started_by=heartbeat.JOB)


def test_where_there_is_no_thread_for_them_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with looking_beside(lambda _stop: None, name="errands") as stop:
        assert not stop.is_set()
    assert stop.is_set()
