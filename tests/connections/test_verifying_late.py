"""What is held while an app does not answer, or a person loses the page, or a process dies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.links import expire_unused_links
from connections.models import ConnectedAccount, ConnectLink, Reason, Status, Verification
from connections.verifications import end_late_verifications
from integrations.models import AuthConfig, Project
from tests.api.calling import code_of
from tests.making import link_to
from tests.provider import ScriptedProvider
from tests.verifying_app import CODE, App, consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


@pytest.fixture
def url(app: App, auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def late() -> None:
    """Let the time pass in which the app may answer."""
    past = timezone.now() - timedelta(seconds=1)
    Verification.objects.update(expires_at=past)


def test_an_app_that_does_not_answer_in_time_connects_nothing(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)
    late()
    told = app.verify(trip.url, signed_in="alice").json()
    account = ConnectedAccount.objects.get()
    assert (told["verified"], told["status"]) == (False, "failed")
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.VERIFICATION_FAILED)
    assert provider.calls == []


def test_the_page_says_that_it_took_too_long_and_another_try_works(url: str, app: App) -> None:
    trip = consent(url)
    late()
    page = trip.person.client.get(f"/connect/verification/{Verification.objects.get().pk}")
    assert page.status_code == 410
    assert "did not confirm you in time" in page.content.decode()
    assert f'action="{trip.person.path}"' in page.content.decode()
    trip.person.set_out()
    again = trip.person.come_back(code="another").headers["Location"]
    assert app.verify(again, signed_in="alice").json()["status"] == "success"


def test_what_nobody_asks_for_is_wiped_by_the_workers(url: str) -> None:
    consent(url)
    assert end_late_verifications(now=timezone.now()) == 0
    late()
    assert end_late_verifications(now=timezone.now()) == 1
    assert Verification.objects.get().held is None
    assert ConnectedAccount.objects.get().status_reason == Reason.VERIFICATION_FAILED
    assert end_late_verifications(now=timezone.now()) == 0


def test_a_link_that_runs_out_meanwhile_does_not_end_what_the_app_has_yet_to_answer(
    url: str, app: App
) -> None:
    trip = consent(url)
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert expire_unused_links(now=timezone.now()) == 0
    assert app.verify(trip.url, signed_in="alice").json()["status"] == "success"


def test_an_exchange_that_a_killed_process_left_behind_is_ended(url: str) -> None:
    consent(url)
    Verification.objects.update(held=None, verified_at=timezone.now() - timedelta(minutes=3))
    assert end_late_verifications(now=timezone.now()) == 1
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.EXCHANGE_FAILED)


def test_a_reload_of_the_way_back_leads_to_a_page_that_waits(url: str, app: App) -> None:
    trip = consent(url)
    waiting = trip.person.come_back(code=CODE).headers["Location"]
    page = trip.person.client.get(waiting)
    assert page.status_code == 200
    assert "has to confirm that it is you" in page.content.decode()
    assert app.verify(trip.url, signed_in="alice").json()["status"] == "success"


def test_a_person_who_lost_the_page_is_sent_again_with_a_new_token(url: str, app: App) -> None:
    trip = consent(url)
    waiting = trip.person.come_back(code=CODE).headers["Location"]
    again = trip.person.client.post(waiting).headers["Location"]
    assert code_of(app.verify(trip.url, signed_in="alice")) == (409, "verification_unknown")
    assert app.verify(again, signed_in="alice").json()["status"] == "success"


def test_the_page_is_for_the_browser_that_set_out(url: str) -> None:
    trip = consent(url)
    waiting = trip.person.come_back(code=CODE).headers["Location"]
    assert Client().get(waiting).status_code == 404
    assert Client().post(waiting).status_code == 404


def test_a_second_trip_takes_the_place_of_the_first(url: str, app: App) -> None:
    first = consent(url)
    first.person.set_out()
    second = first.person.come_back(code="another").headers["Location"]
    assert app.verify(first.url, signed_in="alice").json()["status"] == "failed"
    assert app.verify(second, signed_in="alice").json()["status"] == "success"


def test_the_hold_is_as_long_as_the_setting_says(url: str, settings: Settings) -> None:
    settings.CONNECT_VERIFY_SECONDS = 90
    consent(url)
    row = Verification.objects.get()
    assert row.expires_at - row.held_at == timedelta(seconds=90)


def test_an_exchange_that_lasts_longer_than_the_page_waits_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.connect.views.PATIENCE_SECONDS", 0.0)
    trip = consent(url)
    Verification.objects.update(held=None, verified_at=timezone.now())
    page = trip.person.client.get(f"/connect/verification/{Verification.objects.get().pk}")
    assert "has not answered yet" in page.content.decode()
