"""Accounts of two projects by one app of the instance: connecting, refreshing, revoking."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from connections.actors import SYSTEM
from connections.errors import ManagedAppDisabled
from connections.models import ConnectAttempt, ConnectedAccount, Revocation, Status
from connections.operations import delete_account, reconnect_account, revoke_account
from connections.refresh import revoke_due
from connections.revoking import claim_due
from integrations.managed_apps import rotate_managed_app, switch_managed_app
from integrations.models import AuthConfig, ManagedApp
from integrations.secrets import Secret
from tests.making import link_to
from tests.managed.tenants import Tenant, refresh, set_out
from tests.person import Person
from tests.provider import REVOKE_PATH, Answer, ScriptedProvider, clients, tokens

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=401, json={"error": "invalid_client"})


def connected(config: AuthConfig) -> ConnectedAccount:
    """Have somebody connect on the hosted pages."""
    set_out(config).come_back(code="c")
    account: ConnectedAccount = ConnectedAccount.objects.get(auth_config=config)
    return account


def status_of(account: ConnectedAccount) -> Status:
    return Status(ConnectedAccount.objects.get(pk=account.pk).status)


def test_people_of_two_projects_connect_by_one_app(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    for each in (ours, theirs):
        person = set_out(each.config)
        assert person.authorization["client_id"] == "instance"
        assert person.authorization["redirect_uri"] == app.redirect_uri
        person.come_back(code="c")
        account = ConnectedAccount.objects.get(auth_config=each.config)
        assert (account.status, account.project) == (Status.ACTIVE, each.project)
        assert account.oauth_client_id == "instance"
    assert clients(provider) == ["instance:s1"] * 2
    assert app.redirect_uri == f"{settings.BASE_URL}/connect/callback/{app.pk}"


def test_both_are_refreshed_as_that_app(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    for each in (ours, theirs):
        refresh(each.account())
    assert clients(provider) == ["instance:s1"] * 2


def test_a_new_secret_is_used_for_all_and_the_one_before_where_it_is_refused(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    accounts = [ours.account(), theirs.account()]
    refresh(accounts[0])
    rotate_managed_app(app=app, client_secret=Secret("s2"))
    refresh(accounts[0])
    provider.answer_tokens(REFUSED, tokens(5))
    refresh(accounts[1])
    assert clients(provider) == ["instance:s1", "instance:s2", "instance:s2", "instance:s1"]


def test_accounts_keep_the_client_that_they_were_granted_to(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    accounts = [ours.account(), theirs.account()]
    rotate_managed_app(app=app, client_id="another", client_secret=Secret("t1"))
    for account in accounts:
        refresh(account)
    assert clients(provider) == ["instance:s1"] * 2
    assert set_out(ours.config).authorization["client_id"] == "another"


def test_revoking_reaches_the_provider_as_that_app(
    ours: Tenant, provider: ScriptedProvider
) -> None:
    account = ours.account()
    revoke_account(account=account, actor=SYSTEM)
    revoke_due()
    assert Revocation.objects.get().confirmed_at is not None
    assert clients(provider) == ["instance:s1"]
    assert status_of(account) == Status.REVOKED


@pytest.mark.parametrize("end", [revoke_account, delete_account])
def test_a_grant_that_another_project_stands_on_is_ended_here_alone(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider, end: type
) -> None:
    mine, other = ours.account(), theirs.account()
    end(account=mine, actor=SYSTEM)
    revoke_due()
    assert provider.forms(REVOKE_PATH) == []
    end(account=other, actor=SYSTEM)
    revoke_due()
    assert len(provider.forms(REVOKE_PATH)) > 0


def test_a_revocation_that_waits_gives_way_to_another_projects_new_grant(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    revoke_account(account=ours.account(), actor=SYSTEM)
    theirs.account()
    assert claim_due(limit=5, now=timezone.now()) == []
    assert Revocation.objects.get().superseded_at is not None


# --- Mix-ups: one provider's answer must not land in another's flow. ------------------------------


def answer_at(person: Person, holder_id: str) -> int:
    """Come back with the right state at the path of ``holder_id``."""
    person.authorization["redirect_uri"] = f"/connect/callback/{holder_id}"
    return int(person.come_back(code="c").status_code)


def another_app(app: ManagedApp) -> ManagedApp:
    return ManagedApp.objects.create(
        name="Another",
        toolkit=app.toolkit,
        client_id="another",
        client_secret=Secret("x"),
        parameters=app.parameters,
    )


def test_an_answer_at_another_apps_path_is_refused(
    ours: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    person = set_out(ours.config)
    assert answer_at(person, another_app(app).pk) == 403
    assert provider.token_calls() == []
    assert answer_at(person, app.pk) == 302


def test_an_answer_at_the_auth_configs_own_path_is_refused(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    person = set_out(ours.config)
    for path in (ours.config.pk, theirs.config.pk):
        assert answer_at(person, path) == 403
    assert provider.token_calls() == []


def test_an_attempt_of_a_custom_config_takes_no_answer_at_an_apps_path(
    auth_config: AuthConfig, app: ManagedApp, provider: ScriptedProvider
) -> None:
    person = set_out(auth_config)
    assert answer_at(person, app.pk) == 403
    assert provider.token_calls() == []


def test_a_state_of_one_project_connects_an_account_of_that_project_only(
    ours: Tenant, theirs: Tenant
) -> None:
    mine, other = set_out(ours.config), set_out(theirs.config)
    # Both ways lead back to one path; the browser and the state tell them apart.
    mine.authorization["state"] = other.authorization["state"]
    assert mine.come_back(code="c").status_code == 403
    assert other.come_back(code="c").status_code == 302
    account = ConnectedAccount.objects.get(status=Status.ACTIVE)
    assert account.project == theirs.project
    assert ConnectAttempt.objects.filter(consumed_at__isnull=False).count() == 1


# --- Switched off. --------------------------------------------------------------------------------


def test_nobody_connects_by_an_app_that_is_switched_off(ours: Tenant, app: ManagedApp) -> None:
    account = ours.account()
    switch_managed_app(app=app, enabled=False)
    config = AuthConfig.objects.get(pk=ours.config.pk)
    with pytest.raises(ManagedAppDisabled):
        link_to(config, allow_multiple=True)
    with pytest.raises(ManagedAppDisabled):
        reconnect_account(account=ConnectedAccount.objects.get(pk=account.pk), actor=SYSTEM)


def test_who_is_on_the_way_when_it_is_switched_off_does_not_connect(
    ours: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    person = set_out(ours.config)
    waiting = Person(link_to(ours.config, allow_multiple=True, alias="b"))
    switch_managed_app(app=app, enabled=False)
    page = person.come_back(code="c")
    assert (page.status_code, provider.token_calls()) == (409, [])
    assert "Connecting is switched off" in page.content.decode()
    assert waiting.client.post(urlsplit(waiting.path).path).status_code == 409


def test_accounts_of_an_app_that_is_switched_off_live_on(
    ours: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    account = ours.account()
    switch_managed_app(app=app, enabled=False)
    refresh(account)
    assert clients(provider) == ["instance:s1"]
