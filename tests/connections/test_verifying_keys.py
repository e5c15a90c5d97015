"""A key that a person typed in is held until the app has said who she is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections.models import ConnectedAccount, Reason, Status, Verification
from integrations.models import AuthConfig, Project
from tests.making import link_to
from tests.other_toolkits import API_KEY, ME, use_toolkit
from tests.provider import Answer, ScriptedProvider
from tests.verifying_app import App

pytestmark = pytest.mark.django_db

KEY = "sk-canary1"
ALICE = Answer(json={"id": "7", "email": "alice@example.com"})


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


@pytest.fixture
def path(
    app: App, auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> str:
    use_toolkit(monkeypatch, keys=[API_KEY])
    provider.answer(ME, ALICE)
    AuthConfig.objects.update(scheme="api_key", client_id="", client_secret=None)
    auth_config.refresh_from_db()
    return urlsplit(link_to(auth_config)).path


def give(path: str, client: Client | None = None, key: str = KEY) -> Any:
    return (client or Client()).post(path, {"api_key": key})


def test_a_key_is_held_and_shown_to_nobody(path: str, provider: ScriptedProvider) -> None:
    response = give(path)
    assert response.headers["Location"].startswith("https://app.example.com/verify?")
    assert KEY not in response.headers["Location"]
    assert KEY not in str(Verification.objects.values().get())
    assert provider.calls == []


def test_it_connects_the_account_once_the_app_has_confirmed_its_user(path: str, app: App) -> None:
    url = give(path).headers["Location"]
    assert app.verify(url, signed_in="alice").json()["status"] == "success"
    account = ConnectedAccount.objects.get()
    assert (account.status, account.user_verified_at is not None) == (Status.ACTIVE, True)
    assert Verification.objects.get().held is None


def test_somebody_elses_key_is_wiped_unseen(
    path: str, app: App, provider: ScriptedProvider
) -> None:
    url = give(path).headers["Location"]
    assert app.verify(url, signed_in="mallory").json()["status"] == "failed"
    assert Verification.objects.get().held is None
    assert provider.calls == []


def test_what_cannot_be_right_is_said_before_the_app_is_asked(path: str) -> None:
    page = give(path, key="pk-1")
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.content.decode()
    assert not Verification.objects.exists()


def test_a_key_that_the_service_refuses_can_be_entered_again(
    path: str, app: App, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(status=401, json={"error": "bad_key"}), ALICE)
    browser = Client()
    told = app.verify(give(path, browser).headers["Location"], signed_in="alice").json()
    page = browser.get(urlsplit(told["redirect_url"]).path)
    assert (page.status_code, told["reason_code"]) == (422, Reason.PROBE_REJECTED)
    assert f'<a class="button" href="{path}">Enter it again</a>' in page.content.decode()
    again = give(path, browser).headers["Location"]
    assert app.verify(again, signed_in="alice").json()["status"] == "success"


def test_an_outage_of_the_service_is_no_fault_of_the_key(
    path: str, app: App, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(status=503, json={}))
    told = app.verify(give(path).headers["Location"], signed_in="alice").json()
    assert (told["status"], told["reason_code"]) == ("failed", Reason.EXCHANGE_FAILED)
