"""A client's secret, or the client itself, is replaced while its accounts live on."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.admin.diagnosis import diagnose
from connections.errors import AccountUnusable, RefreshUnavailable
from connections.models import ConnectedAccount, Entity, Status, Trigger
from connections.refresh import refresh_account
from connections.refresh.gate import Gate
from connections.timeline.history import refreshes
from integrations.auth_configs import forget_older_secrets, update_auth_config
from integrations.catalog import TerminalRule
from integrations.models import AuthConfig
from integrations.models.oauth_clients import MOST_FORMER, parameters_of, replace_client
from integrations.secrets import Secret
from tests.connections.proving import change_toolkit
from tests.making import connect
from tests.provider import Answer, ScriptedProvider, clients, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=401, json={"error": "invalid_client"})


def refresh(account: ConnectedAccount) -> None:
    refresh_account(account_id=account.pk, trigger=Trigger.API)


def give_secret(auth_config: AuthConfig, secret: str) -> None:
    update_auth_config(auth_config=auth_config, client_secret=Secret(secret))


def test_a_new_secret_is_used_at_once(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "new")
    refresh(account)
    assert clients(provider) == ["client:new"]


def test_where_it_is_refused_the_one_before_is_tried(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "mistyped")
    provider.answer_tokens(REFUSED, tokens())
    refresh(account)
    assert clients(provider) == ["client:mistyped", "client:client secret"]
    auth_config.refresh_from_db()
    assert auth_config.misconfigured_since is None


def test_a_grant_that_is_over_is_not_asked_about_with_another_secret(
    auth_config: AuthConfig,
    account: ConnectedAccount,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = TerminalRule(error=("unauthorized_client",))
    change_toolkit(monkeypatch, terminal=(rule,))
    give_secret(auth_config, "new")
    provider.answer_tokens(Answer(status=403, json={"error": "unauthorized_client"}))
    with pytest.raises(AccountUnusable):
        refresh(account)
    assert clients(provider) == ["client:new"]


def test_one_that_was_forgotten_is_not_tried(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "new")
    forget_older_secrets(auth_config=auth_config)
    provider.answer_tokens(REFUSED)
    with pytest.raises(Exception, match="does not issue"):
        refresh(account)
    assert clients(provider) == ["client:new"]
    auth_config.refresh_from_db()
    assert auth_config.misconfigured_since is not None


def test_an_account_keeps_the_client_that_it_was_granted_to(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(oauth_client_id="client")
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    assert clients(provider) == ["client:client secret"]


def stand_on_former(auth_config: AuthConfig) -> None:
    """Have all accounts stand on a client of before, which the provider refuses from now on."""
    ConnectedAccount.objects.update(oauth_client_id="client")
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))


def test_where_a_client_of_before_is_refused_the_present_one_goes_on(
    auth_config: AuthConfig,
    account: ConnectedAccount,
    entity: Entity,
    provider: ScriptedProvider,
) -> None:
    stand_on_former(auth_config)
    provider.answer_tokens(REFUSED, tokens())
    with pytest.raises(RefreshUnavailable):
        refresh(account)
    assert Gate().shares([auth_config.pk], free=8, now=timezone.now()) == {auth_config.pk: 8}
    refresh(connect(auth_config=auth_config, entity=entity, alias="present"))
    assert clients(provider) == ["client:client secret", "other:theirs"]
    assert not Event.objects.filter(type=EventType.MISCONFIGURED).exists()


def test_the_app_is_told_once_of_an_account_whose_client_of_before_is_refused(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    stand_on_former(auth_config)
    provider.answer_tokens(REFUSED)
    for _ in range(5):
        with pytest.raises(RefreshUnavailable):
            refresh(account)
    account.refresh_from_db()
    assert (account.status, account.refresh_failures) == (Status.ACTIVE, 5)
    [event] = Event.objects.filter(type=EventType.REFRESH_FAILING)
    assert event.data["error_code"] == "invalid_client"


def test_whoever_looks_after_it_reads_why_and_what_to_do(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    stand_on_former(auth_config)
    provider.answer_tokens(REFUSED)
    with pytest.raises(RefreshUnavailable):
        refresh(account)
    found = diagnose(ConnectedAccount.objects.get(), now=timezone.now())
    assert found is not None
    assert "a client of before, which the provider refuses" in found.advice
    assert found.operation == "link"


def test_the_history_does_not_put_a_refusal_of_a_client_of_before_on_the_auth_config(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    stand_on_former(auth_config)
    provider.answer_tokens(REFUSED)
    with pytest.raises(RefreshUnavailable):
        refresh(account)
    [entry] = refreshes(account, 5, "")
    assert entry.title == "Refresh refused: the client is at fault, not the grant"


def test_a_success_of_a_client_of_before_says_nothing_of_the_present_one(
    auth_config: AuthConfig, account: ConnectedAccount
) -> None:
    stand_on_former(auth_config)
    auth_config.mark_misconfigured(error="e", pause=timedelta(0), now=timezone.now())
    refresh(account)
    auth_config.refresh_from_db()
    assert auth_config.misconfigured_error == "e"
    # But calls are worth making, so that its refusals stop them for a short while only.
    assert auth_config.configuration_failures == 0


def test_a_client_without_a_secret_is_kept_too(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(oauth_client_id="client")
    auth_config.client_secret = None
    auth_config.save()
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    [(_, form)] = provider.calls
    assert form["client_id"] == "client"


def test_a_client_that_nobody_was_granted_to_is_the_present_one(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    assert clients(provider) == ["other:theirs"]


def test_as_many_clients_are_kept_with_their_parameters_as_with_their_secrets() -> None:
    config = AuthConfig(client_id="client-0")
    for number in range(MOST_FORMER + 3):
        config.parameters = {"base_url": f"https://{number}.example"}
        replace_client(config, client_id=f"client-{number + 1}", secret=Secret("s"))
    kept = [f"client-{number}" for number in range(3, MOST_FORMER + 3)]
    assert list(config.former_parameters) == kept
    assert list(json.loads(config.former_clients.reveal())) == kept
    assert parameters_of(config, "client-5") == {"base_url": "https://5.example"}
