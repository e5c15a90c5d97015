"""A person connects on the hosted pages (faults.md 30, 31, 34, 35)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from connections import vault
from connections.actors import SYSTEM
from connections.errors import AccountExists
from connections.models import (
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    Credentials,
    Reason,
    Revocation,
    Status,
)
from connections.operations import delete_account, reconnect_account
from integrations.models import AuthConfig
from tests.faults.processes import until, waits_for_a_lock
from tests.making import CALLBACK_URL, link_to
from tests.person import Person
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def reconnect_url(account: ConnectedAccount) -> str:
    return reconnect_account(account=account, actor=SYSTEM, callback_url=CALLBACK_URL).url


def test_the_first_page_says_who_asks_for_what(url: str) -> None:
    page = Client().get(urlsplit(url).path)
    for words in ("Acme Agents", "Acme Notes", "Read your notes", "See your e-mail address"):
        assert words in page.content.decode()


def test_looking_consumes_nothing(url: str) -> None:
    for _ in range(3):
        assert Client().get(urlsplit(url).path).status_code == 200
    assert Client().head(urlsplit(url).path).status_code == 200
    assert Person(url).set_out()


def test_setting_out_needs_the_forms_token(url: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(urlsplit(url).path).status_code == 403
    assert ConnectLink.objects.get().browser_digest == ""


def test_the_person_is_sent_out_with_state_and_pkce(url: str, provider: ScriptedProvider) -> None:
    person = Person(url)
    assert person.set_out().startswith(f"{provider.url}/identity/o/authorize?")
    assert person.authorization["code_challenge_method"] == "S256"
    assert len(person.authorization["state"]) >= 43
    assert person.authorization["scope"] == "openid profile email notes:read"


def test_a_person_connects_and_is_sent_back_to_the_app(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()
    back = person.come_back(code="c")
    account = ConnectedAccount.objects.get()
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query == {
        "status": ["success"],
        "connected_account_id": [account.pk],
        "state": ["s&1"],
    }
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.CONNECTED)
    assert account.identity_label == "alice@example.com"
    assert account.last_verified_at is not None
    [form] = provider.token_calls()
    assert form["code"] == "c"
    assert len(form["code_verifier"]) >= 43


def test_without_a_callback_url_the_page_says_that_it_is_done(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config, callback_url=""))
    person.set_out()
    finished = person.come_back(code="c").headers["Location"]
    for _ in range(2):
        assert "alice@example.com" in person.client.get(finished).content.decode()
    assert Client().get(finished).status_code == 404


@pytest.mark.fault(30)
def test_an_answer_is_taken_once(url: str, provider: ScriptedProvider) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    assert person.come_back(code="c").status_code == 400
    assert len(provider.token_calls()) == 1


@pytest.mark.fault(30)
@pytest.mark.parametrize("state", ["", "wrong"])
def test_an_answer_without_our_state_is_refused(
    url: str, provider: ScriptedProvider, state: str
) -> None:
    person = Person(url)
    person.set_out()
    person.authorization["state"] = state
    assert person.come_back(code="c").status_code == 400
    assert provider.token_calls() == []


@pytest.mark.fault(30)
def test_another_browsers_answer_is_refused(url: str, provider: ScriptedProvider) -> None:
    person = Person(url)
    person.set_out()
    person.client = Client()
    assert person.come_back(code="c").status_code == 403
    assert provider.token_calls() == []


@pytest.mark.fault(32)
def test_an_answer_on_another_auth_configs_path_is_refused(
    url: str, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()
    person.authorization["redirect_uri"] = "/connect/callback/ac_other"
    assert person.come_back(code="c").status_code == 403
    assert provider.token_calls() == []


@pytest.mark.fault(32)
def test_an_answer_from_another_issuer_is_refused(url: str, provider: ScriptedProvider) -> None:
    person = Person(url)
    person.set_out()
    page = person.come_back(code="c", iss="https://evil.example")
    assert page.status_code == 403
    assert provider.token_calls() == []


@pytest.mark.fault(31)
def test_an_expired_link_is_gone(url: str) -> None:
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(urlsplit(url).path).status_code == 410
    assert Client().post(urlsplit(url).path).status_code == 410


@pytest.mark.fault(31)
def test_a_link_that_led_to_a_connection_is_gone(url: str) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    assert person.client.get(person.path).status_code == 410
    assert person.client.post(person.path).status_code == 410


@pytest.mark.fault(31)
def test_a_link_in_use_by_one_browser_is_gone_for_another(url: str) -> None:
    Person(url).set_out()
    other = Client().post(urlsplit(url).path)
    assert other.status_code == 410


def test_the_same_browser_may_set_out_again(url: str) -> None:
    person = Person(url)
    person.set_out()
    assert person.set_out()
    assert person.come_back(code="c").status_code == 302


def test_an_unknown_link_is_not_found() -> None:
    assert Client().get("/connect/nothing").status_code == 404


def test_a_person_who_declines_can_try_again_or_go_back(url: str) -> None:
    person = Person(url)
    person.set_out()
    page = person.come_back(error="access_denied").content.decode()
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.CONSENT_DENIED)
    assert f'action="{person.path}"' in page
    assert "status=failed" in page
    person.set_out()
    person.come_back(code="c")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.CONNECTED)
    assert Event.objects.latest("sequence").type == EventType.ACTIVATED


@pytest.mark.fault(34)
def test_the_providers_error_text_never_becomes_markup(url: str) -> None:
    person = Person(url)
    person.set_out()
    page = person.come_back(error="<script>x</script>", error_description="<b>hi</b>")
    text = page.content.decode()
    assert "<script>x" not in text
    assert "<b>hi" not in text


def test_a_projects_name_never_becomes_markup(url: str, auth_config: AuthConfig) -> None:
    auth_config.project.name = "<script>alert(1)</script>"
    auth_config.project.save()
    assert "<script>alert" not in Client().get(urlsplit(url).path).content.decode()


def test_tokens_that_the_provider_does_not_accept_connect_nothing(
    url: str, provider: ScriptedProvider
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=401, json={}))
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.PROBE_REJECTED)
    assert not Credentials.objects.exists()


def test_an_identity_outage_of_a_moment_is_ridden_out(url: str, provider: ScriptedProvider) -> None:
    good = Answer(json={"sub": "7", "email": "alice@example.com"})
    provider.answer(USERINFO_PATH, Answer(status=502, json={}), good)
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.EXPIRED])
def test_a_reconnect_keeps_the_id_and_starts_a_new_generation(
    account: ConnectedAccount, status: Status
) -> None:
    ConnectedAccount.objects.filter(pk=account.pk).update(status=status)
    person = Person(reconnect_url(account))
    person.set_out()
    person.come_back(code="c")
    stored = ConnectedAccount.objects.get()
    assert (stored.pk, stored.status) == (account.pk, Status.ACTIVE)
    assert stored.status_reason == Reason.RECONNECTED
    assert Credentials.objects.get().generation == 2


@pytest.mark.fault(35)
def test_a_reconnect_as_somebody_else_is_refused_and_keeps_the_old_tokens(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_identity("8", "bob@example.com")
    person = Person(reconnect_url(account))
    person.set_out()
    page = person.come_back(code="c").content.decode()
    assert "bob@example.com" in page
    assert "alice@example.com" in page
    grant = vault.open_grant(Credentials.objects.get())
    assert grant.access_token.reveal() == "access-1"
    stored = ConnectedAccount.objects.get()
    assert (stored.status, stored.identity_id) == (Status.ACTIVE, "7")
    assert Revocation.objects.get().account_id == account.pk


def test_an_answer_for_a_deleted_account_stores_nothing_and_is_revoked(url: str) -> None:
    person = Person(url)
    person.set_out()
    delete_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    assert person.come_back(code="c").status_code == 404
    assert not Credentials.objects.exists()
    assert Revocation.objects.get().payload is not None


@pytest.mark.fault(31)
@pytest.mark.django_db(transaction=True)
def test_of_two_callbacks_at_once_one_exchanges_the_code(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()

    def come_back(_: int) -> int:
        try:
            return int(person.come_back(code="c").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(come_back, range(6)))
    assert answers == [302, 400, 400, 400, 400, 400]
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_waited_for_another_to_be_taken_in_exchanges_nothing(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()

    def come_back() -> int:
        try:
            return int(person.come_back(code="c").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ConnectAttempt.objects.update(consumed_at=timezone.now())
            second = pool.submit(come_back)
            until(lambda: waits_for_a_lock("connections_connectattempt"))
        assert second.result() == 400
    assert provider.token_calls() == []


def test_a_wrong_nonce_connects_nothing(url: str, provider: ScriptedProvider) -> None:
    provider.answer_tokens(tokens(id_token="e30.eyJub25jZSI6ICJ3cm9uZyJ9.x"))
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status_reason == Reason.EXCHANGE_FAILED


def test_an_id_token_without_the_nonce_connects_nothing(
    url: str, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(id_token="e30.eyJzdWIiOiAiNyJ9.x"))
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status_reason == Reason.EXCHANGE_FAILED


def test_a_service_whose_id_tokens_have_no_nonce_is_sent_none_and_connects(
    auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = auth_config.catalog_entry.model_copy(update={"nonce": False})
    monkeypatch.setattr(AuthConfig, "catalog_entry", facts)
    provider.answer_tokens(tokens(id_token="e30.eyJzdWIiOiAiNyJ9.x"))
    person = Person(link_to(auth_config))
    person.set_out()
    assert "openid" in person.authorization["scope"]
    assert "nonce" not in person.authorization
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


def test_a_person_connects_though_the_auth_config_names_scopes_of_its_own(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    AuthConfig.objects.update(scopes=["notes:read"])
    person = Person(link_to(auth_config))
    person.set_out()
    granted = person.authorization["scope"]
    provider.answer_tokens(tokens(scope=granted))
    # As the sandbox and every other OpenID provider has it.
    if "openid" not in granted.split():
        provider.answer(USERINFO_PATH, Answer(status=403, json={"error": "insufficient_scope"}))
    person.come_back(code="c")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.missing_scopes) == (Status.ACTIVE, [])


def test_asking_twice_for_a_link_leaves_one_account(auth_config: AuthConfig) -> None:
    link_to(auth_config)
    link_to(auth_config)
    assert ConnectedAccount.objects.count() == 1


def test_a_second_account_is_an_error_that_lists_the_first(account: ConnectedAccount) -> None:
    with pytest.raises(AccountExists) as caught:
        link_to(account.auth_config)
    [listed] = caught.value.details["connected_accounts"]
    assert listed["id"] == account.pk
    assert listed["identity"] == "alice@example.com"


def test_a_second_account_can_be_asked_for(account: ConnectedAccount) -> None:
    link_to(account.auth_config, allow_multiple=True, alias="work")
    assert ConnectedAccount.objects.count() == 2


def test_hosted_pages_load_nothing_from_elsewhere_and_run_no_inline_script(url: str) -> None:
    page = Client().get(urlsplit(url).path)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_forms_way_to_the_provider_is_allowed_by_the_policy(
    url: str, provider: ScriptedProvider
) -> None:
    policy = Client().get(urlsplit(url).path).headers["Content-Security-Policy"]
    assert f"form-action 'self' {provider.url}" in policy
