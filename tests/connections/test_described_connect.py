"""A person connects to a service that is in no catalog, and everything after that is as ever."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from connections import probing
from connections.models import ConnectedAccount, Reason, Status, Trigger
from connections.refresh import get_credentials
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.auth_configs import update_auth_config
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.connections.importing import Importer, row
from tests.described_services import ME, create_described, key_service, oauth_service
from tests.making import link_to
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

KEY = "sk-canary1"


@pytest.fixture
def oauth(project: Project, provider: ScriptedProvider) -> AuthConfig:
    return create_described(project, oauth_service(provider.url))


@pytest.fixture
def keyed(project: Project, provider: ScriptedProvider) -> AuthConfig:
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    return create_described(project, key_service(provider.url))


def connected(config: AuthConfig) -> ConnectedAccount:
    person = Person(link_to(config))
    person.set_out()
    person.come_back(code="c")
    return ConnectedAccount.objects.get()


def refreshed(account: ConnectedAccount) -> ConnectedAccount:
    """Refresh an account that has fallen due, and return it."""
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)
    return ConnectedAccount.objects.get(pk=account.pk)


def test_the_first_page_names_the_service_and_shows_its_initials(oauth: AuthConfig) -> None:
    page = Client().get(urlsplit(link_to(oauth)).path).content.decode()
    assert "Connect House CRM" in page
    assert "notes:read" in page


def test_a_person_connects_by_oauth(oauth: AuthConfig, provider: ScriptedProvider) -> None:
    account = connected(oauth)
    assert (account.status, account.identity_label) == (Status.ACTIVE, "alice@example.com")
    assert (account.toolkit, account.base_url) == ("house-crm", f"{provider.url}/v1")
    [form] = provider.token_calls()
    assert (form["code"], form["client_secret"]) == ("c", "client-s3cret")


def test_its_grant_is_refreshed(oauth: AuthConfig, provider: ScriptedProvider) -> None:
    provider.answer_tokens(tokens(1), tokens(2))
    account = refreshed(connected(oauth))
    assert account.lives_for(50, now=timezone.now())
    assert provider.token_calls()[1]["refresh_token"] == "refresh-1"
    grant = get_credentials(account_id=account.pk)
    assert grant.tokens.access_token.reveal() == "access-2"


def test_a_dead_grant_expires_by_the_generic_rules(
    oauth: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(1), Answer(status=400, json={"error": "invalid_grant"}))
    account = refreshed(connected(oauth))
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)


def test_a_rule_of_its_own_says_what_else_is_the_end(
    oauth: AuthConfig, provider: ScriptedProvider
) -> None:
    rule = {"error": "gone", "reason": "refresh_token_expired"}
    update_auth_config(auth_config=oauth, service=oauth_service(provider.url, terminal=[rule]))
    provider.answer_tokens(tokens(1), Answer(status=400, json={"error": "gone"}))
    account = refreshed(connected(oauth))
    assert account.status_reason == Reason.REFRESH_TOKEN_EXPIRED


def test_a_refused_client_is_the_auth_configs_fault(
    oauth: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(1), Answer(status=401, json={"error": "invalid_client"}))
    assert refreshed(connected(oauth)).status == Status.ACTIVE
    assert AuthConfig.objects.get().misconfigured_error == "invalid_client"


@pytest.mark.parametrize(
    ("before", "by_form", "now"),
    [
        ({"client_auth": "client_secret_post"}, True, "client_secret_basic"),
        ({"client_auth": "client_secret_basic"}, False, "client_secret_post"),
        ({}, False, "client_secret_post"),
    ],
)
def test_an_account_proves_its_client_of_before_as_that_one_did(
    project: Project, provider: ScriptedProvider, before: dict[str, str], by_form: bool, now: str
) -> None:
    plain = oauth_service(provider.url)
    del plain["client_auth"]
    config = create_described(project, plain | before)
    provider.answer_tokens(tokens(1), tokens(2))
    account = connected(config)
    client: dict[str, Any] = {"client_id": "other", "client_secret": Secret("theirs")}
    update_auth_config(auth_config=config, service=plain | {"client_auth": now}, **client)
    refreshed(account)
    assert ("client_secret" in provider.token_calls()[1]) is by_form
    assert ("Authorization" in provider.heads[-1]) is not by_form


def test_a_client_of_before_that_an_earlier_version_kept_proves_itself_as_the_present_one(
    oauth: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(1), tokens(2))
    account = connected(oauth)
    oauth.client_id, oauth.former_clients = "other", Secret('{"client": ["client-s3cret"]}')
    oauth.save()
    refreshed(account)
    assert provider.token_calls()[1]["client_secret"] == "client-s3cret"


def test_a_known_end_of_a_grant_is_forecast(oauth: AuthConfig, provider: ScriptedProvider) -> None:
    life = {"absolute_seconds": 86_400, "extended_by_refresh": False}
    update_auth_config(auth_config=oauth, service=oauth_service(provider.url, refresh_token=life))
    account = connected(oauth)
    assert account.grant_ends_at == (account.granted_at or timezone.now()) + timedelta(days=1)


def test_a_person_connects_by_a_key(keyed: AuthConfig, provider: ScriptedProvider) -> None:
    path = urlsplit(link_to(keyed)).path
    page = Client().get(path).content.decode()
    assert 'name="api_key" type="password"' in page
    assert Client().post(path, {"api_key": KEY}).status_code == 302
    account = ConnectedAccount.objects.get()
    assert (account.status, account.identity_id) == (Status.ACTIVE, "7")
    assert provider.heads[-1]["X-Api-Key"] == KEY


def test_a_key_that_does_not_fit_its_pattern_goes_nowhere(
    keyed: AuthConfig, provider: ScriptedProvider
) -> None:
    page = Client().post(urlsplit(link_to(keyed)).path, {"api_key": "pk-1"})
    assert (page.status_code, provider.calls) == (400, [])


def test_a_key_that_dies_is_found_by_its_probe(
    keyed: AuthConfig, provider: ScriptedProvider
) -> None:
    Client().post(urlsplit(link_to(keyed)).path, {"api_key": KEY})
    provider.answer(ME, Answer(status=401, json={"error": "revoked"}))
    now = timezone.now()
    for hours in (30, 60):
        ConnectedAccount.objects.update(probe_at=now)
        moment = now + timedelta(hours=hours)
        found = [probing.probe(due) for due in probing.claim_due(limit=1, now=moment)]
        probing.finish(found, now=moment)
    assert ConnectedAccount.objects.get().status_reason == Reason.PROBE_REJECTED


@pytest.mark.parametrize(
    ("scheme", "given"),
    [("bearer", {"token": "t-1"}), ("basic", {"username": "alice", "password": "p-1"})],
)
def test_the_other_kinds_of_keys_work_as_well(
    project: Project, provider: ScriptedProvider, scheme: str, given: dict[str, str]
) -> None:
    provider.answer(ME, Answer(json={"id": "7"}))
    texts = {name: "{" + name + "}" for name in given}
    apply: dict[str, Any] = {"basic": texts}
    if scheme == "bearer":
        apply = {"headers": {"Authorization": "Bearer {token}"}}
    fields = [{"name": name, "label": name} for name in given]
    form = {"scheme": scheme, "fields": fields, "apply": apply}
    config = create_described(project, key_service(provider.url, keys=[form]))
    assert Client().post(urlsplit(link_to(config)).path, given).status_code == 302
    assert provider.heads[-1]["Authorization"].startswith(scheme.capitalize())


def test_grants_of_another_system_are_imported(
    oauth: AuthConfig, project: Project, tmp_path: Path
) -> None:
    Importer(project, oauth, tmp_path).rows(row())
    account = ConnectedAccount.objects.get()
    assert (account.toolkit, account.status) == ("house-crm", Status.ACTIVE)


def test_an_own_callback_url_is_used_in_both_legs(
    oauth: AuthConfig, provider: ScriptedProvider
) -> None:
    own = "https://connect.acme.example/back?via=evergrant"
    update_auth_config(auth_config=oauth, callback_url=own)
    person = Person(link_to(oauth))
    person.set_out()
    assert person.authorization["redirect_uri"] == own
    # What the own address does: it hands the person on, with the whole query.
    person.authorization["redirect_uri"] = oauth.landing_url
    assert person.come_back(code="c").status_code == 302
    assert ConnectedAccount.objects.get().status == Status.ACTIVE
    assert provider.token_calls()[0]["redirect_uri"] == own
    assert json.dumps(provider.calls).count(own) == 1
