"""A refresh names the redirect URI of the consent, whatever the auth config has by now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Trigger
from connections.operations import reconnect_account
from connections.refresh import refresh_account
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from tests.connections.importing import Importer, row
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db
OLD = "https://app.example.com/accounts/notes/callback/"


@pytest.fixture(autouse=True)
def _particular(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> None:
    """A service that wants to hear the redirect URI again, as GitLab does."""
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        refresh_needs_redirect_uri=True,
    )
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    provider.answer("/token", tokens())


def connect(auth_config: AuthConfig) -> ConnectedAccount:
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    return ConnectedAccount.objects.get()


def refresh_imported() -> None:
    [claim] = claim_due(
        limit=1, trigger=Trigger.SCHEDULE, now=timezone.now() + timedelta(minutes=15)
    )
    refresh_claimed(claim)


def test_a_callback_url_that_changes_ends_no_grant(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    account, of_the_consent = connect(auth_config), auth_config.redirect_uri
    AuthConfig.objects.update(callback_url="https://connect.acme.example/back")
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    exchange, refresh = provider.forms("/token")
    assert exchange["redirect_uri"] == of_the_consent
    assert refresh["redirect_uri"] == of_the_consent


def test_a_reconnect_brings_its_own(auth_config: AuthConfig, provider: ScriptedProvider) -> None:
    account = connect(auth_config)
    ConnectedAccount.objects.update(redirect_uri=OLD)
    person = Person(reconnect_account(account=account, actor=SYSTEM).url)
    person.set_out()
    person.come_back(code="c")
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    assert provider.forms("/token")[-1]["redirect_uri"] == auth_config.redirect_uri


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_an_imported_grant_brings_its_own(
    importer: Importer, provider: ScriptedProvider, name: str
) -> None:
    if name.endswith("csv"):
        importer.text(f"user_id,refresh_token,redirect_uri\nalice,refresh-1,{OLD}", name=name)
    else:
        importer.rows(row(redirect_uri=OLD))
    refresh_imported()
    assert [form["redirect_uri"] for form in provider.forms("/token")] == [OLD]


def test_without_one_it_is_the_auth_configs_of_that_day(
    importer: Importer, provider: ScriptedProvider
) -> None:
    importer.rows(row())
    AuthConfig.objects.update(callback_url="https://connect.acme.example/back")
    refresh_imported()
    [form] = provider.forms("/token")
    assert form["redirect_uri"] == importer.auth_config.redirect_uri
