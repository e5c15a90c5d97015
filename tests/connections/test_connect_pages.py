"""What the hosted pages say where something is in the way, and the way on from there."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from connections.actors import SYSTEM
from connections.connect.outcome import Outcome
from connections.connect.words import failure_words
from connections.models import (
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    Reason,
    Revocation,
    Status,
)
from connections.operations import disable_account, reconnect_account, revoke_account
from integrations.catalog import get_toolkit
from integrations.models import AuthConfig, Project
from integrations.schemes import OAuth2Client
from tests.making import CALLBACK_URL, link_to
from tests.person import Person
from tests.provider import Answer, ScriptedProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def text(page: Any) -> str:
    return html.unescape(page.content.decode())


def fail_at_the_token_endpoint(url: str, provider: ScriptedProvider, answer: Answer) -> Any:
    provider.answer_tokens(answer)
    person = Person(url)
    person.set_out()
    return person.come_back(code="c")


def wrong_account(account: ConnectedAccount, provider: ScriptedProvider) -> tuple[Person, Any]:
    """Reconnect alice's account as bob."""
    provider.answer_identity("8", "bob@example.com")
    issued = reconnect_account(
        account=account, actor=SYSTEM, callback_url=CALLBACK_URL, app_state="s&1"
    )
    person = Person(issued.url)
    person.set_out()
    return person, person.come_back(code="c")


def back(page: Any) -> dict[str, str]:
    """Return what the link back to the app tells it."""
    link = next(part for part in text(page).split('"') if part.startswith(CALLBACK_URL))
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_who_declines_can_allow_it_after_all(url: str) -> None:
    person = Person(url)
    person.set_out()
    page = person.come_back(error="access_denied")
    account = ConnectedAccount.objects.get()
    assert page.status_code == 200
    assert back(page) == {
        "status": "failed",
        "error": "consent_denied",
        "connected_account_id": account.pk,
        "state": "s&1",
    }


def test_an_outage_is_called_one(url: str, provider: ScriptedProvider) -> None:
    page = fail_at_the_token_endpoint(url, provider, Answer(status=503, raw=b"<h1>down"))
    assert page.status_code == 502
    assert "Acme Notes could not be reached" in text(page)
    assert "Try again" in text(page)


def test_a_client_that_is_refused_is_the_apps_to_repair(
    url: str, provider: ScriptedProvider
) -> None:
    answer = Answer(status=401, json={"error": "invalid_client"})
    page = fail_at_the_token_endpoint(url, provider, answer)
    assert page.status_code == 502
    assert "Acme Notes refused Acme Agents" in text(page)
    assert "Try again" not in text(page)
    assert back(page)["error"] == "exchange_failed"


def test_a_code_that_ran_out_asks_for_another_try(url: str, provider: ScriptedProvider) -> None:
    answer = Answer(status=400, json={"error": "invalid_grant"})
    page = fail_at_the_token_endpoint(url, provider, answer)
    assert "That took too long" in text(page)
    assert "Try again" in text(page)


def test_a_provider_that_is_too_slow_is_a_timeout(account: ConnectedAccount) -> None:
    link = ConnectLink(account=account)
    outcome = Outcome(
        link=link,
        account=account,
        succeeded=False,
        reason=Reason.EXCHANGE_FAILED,
        error_code="deadline_exceeded",
    )
    assert failure_words(outcome).status == 504


def test_a_reload_of_a_failure_says_it_again(url: str) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(error="access_denied")
    page = person.come_back(error="access_denied")
    assert page.status_code == 400
    assert "You did not allow it" in text(page)
    assert back(page)["error"] == "consent_denied"


def test_a_reload_after_success_says_that_it_is_connected(url: str) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    page = person.come_back(code="c")
    assert page.status_code == 400
    assert "You are connected already" in text(page)
    assert back(page)["status"] == "success"


@pytest.mark.parametrize("lives", [True, False])
def test_who_takes_too_long_at_the_provider_is_told_so(
    url: str, provider: ScriptedProvider, lives: bool
) -> None:
    person = Person(url)
    person.set_out()
    past = timezone.now() - timedelta(seconds=1)
    ConnectAttempt.objects.update(expires_at=past)
    if not lives:
        ConnectLink.objects.update(expires_at=past)
    page = person.come_back(code="c")
    assert (page.status_code, provider.token_calls()) == (410, [])
    assert "That took too long" in text(page)
    assert "done already" not in text(page)
    assert ("Try again" in text(page)) is lives
    assert (back(page)["status"], back(page)["error"]) == ("failed", "attempt_expired")


def test_another_account_is_named_beside_the_right_one(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    _, page = wrong_account(account, provider)
    shown = text(page)
    assert page.status_code == 409
    assert shown.index("You connected") < shown.index("bob@example.com")
    assert shown.index("This link is for") < shown.index("alice@example.com")
    assert back(page)["error"] == "identity_mismatch"


def test_another_try_asks_the_provider_for_the_choice(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    person, page = wrong_account(account, provider)
    assert 'name="another_account" value="1"' in text(page)
    provider.answer_identity("7", "alice@example.com")
    assert person.set_out(another_account="1")
    assert "status=success" in person.come_back(code="c").headers["Location"]


@pytest.mark.parametrize(
    ("slug", "prompt"),
    [
        ("gmail", "select_account consent"),
        ("outlook", "select_account"),
        ("github", "select_account"),
        ("salesforce", "login consent"),
    ],
)
def test_a_toolkit_that_can_ask_which_account_does_so(slug: str, prompt: str) -> None:
    client = OAuth2Client(
        toolkit=get_toolkit(slug),
        client_id="client",
        client_secret=None,
        authorization_parameters={},
        token_parameters={},
    )
    target = client.authorization_url(
        redirect_uri="https://x.example/",
        scopes=[],
        state="s",
        code_verifier=None,
        another_account=True,
    )
    assert parse_qs(urlsplit(target).query)["prompt"] == [prompt]


def test_the_same_account_is_not_connected_twice(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    person = Person(link_to(account.auth_config, allow_multiple=True, alias="work"))
    person.set_out()
    page = person.come_back(code="c")
    second = ConnectedAccount.objects.get(alias="work")
    assert page.status_code == 409
    assert "alice@example.com is already connected" in text(page)
    assert (second.status, second.status_reason) == (Status.FAILED, Reason.ALREADY_CONNECTED)
    account.refresh_from_db()
    assert account.status == Status.ACTIVE
    assert not Revocation.objects.exists()


def test_another_account_is_connected_beside_the_first(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    person = Person(link_to(account.auth_config, allow_multiple=True, alias="work"))
    person.set_out()
    person.come_back(code="c")
    provider.answer_identity("8", "alice@work.example")
    person.set_out(another_account="1")
    assert "status=success" in person.come_back(code="c").headers["Location"]


def test_two_users_may_share_an_account(account: ConnectedAccount) -> None:
    person = Person(link_to(account.auth_config, user_id="bob"))
    person.set_out()
    assert "status=success" in person.come_back(code="c").headers["Location"]


def test_an_account_that_has_ended_is_in_nobodys_way(account: ConnectedAccount) -> None:
    ConnectedAccount.objects.update(status=Status.EXPIRED, status_reason=Reason.GRANT_REVOKED)
    person = Person(link_to(account.auth_config, allow_multiple=True, alias="work"))
    person.set_out()
    assert "status=success" in person.come_back(code="c").headers["Location"]


def test_an_expired_link_leads_back_to_the_app(url: str) -> None:
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = Client().get(urlsplit(url).path)
    assert page.status_code == 410
    assert "Back to <bdi>Acme Agents</bdi>" in text(page)
    assert (back(page)["error"], back(page)["state"]) == ("link_expired", "s&1")


def test_who_opens_a_link_again_that_she_has_used_is_told_that_she_is_connected(url: str) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    page = person.client.get(person.path)
    assert page.status_code == 410
    assert "You are connected already" in text(page)
    assert back(page)["status"] == "success"


def end(how: Callable[..., object]) -> None:
    how(account=ConnectedAccount.objects.get(), actor=SYSTEM)


@pytest.mark.parametrize("how", [revoke_account, disable_account])
def test_what_has_ended_since_is_called_connected_on_no_page(
    url: str, how: Callable[..., object]
) -> None:
    person = Person(url)
    person.set_out()
    person.come_back(code="c")
    end(how)
    for page in (person.client.get(person.path), person.come_back(code="c")):
        assert "This link was used already" in text(page)
        assert "connected already" not in text(page)
        assert (back(page)["status"], back(page)["error"]) == ("failed", "link_used")


def test_the_last_page_of_a_trip_does_not_outlive_the_connection(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config, callback_url=""))
    person.set_out()
    finished = person.come_back(code="c").headers["Location"]
    end(revoke_account)
    page = person.client.get(finished)
    assert page.status_code == 410
    assert "This link was used already" in text(page)
    assert "is connected" not in text(page)


def test_another_browser_learns_nothing_of_the_apps_state(url: str) -> None:
    Person(url).set_out()
    page = Client().post(urlsplit(url).path)
    assert page.status_code == 410
    assert back(page) == {"status": "failed", "error": "link_used"}


def test_a_switched_off_auth_config_leads_back_to_the_app(url: str) -> None:
    AuthConfig.objects.update(enabled=False)
    page = Client().post(urlsplit(url).path)
    assert page.status_code == 409
    assert back(page)["error"] == "auth_config_disabled"


def test_another_try_is_offered_only_while_the_link_lives(url: str) -> None:
    person = Person(url)
    person.set_out()
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = person.come_back(error="access_denied")
    assert "Try again" not in text(page)
    assert "Back to <bdi>Acme Agents</bdi>" in text(page)


def test_the_apps_policy_and_its_help_are_linked(url: str, project: Project) -> None:
    project.privacy_url = "https://acme.example/privacy"
    project.support_url = "mailto:help@acme.example"
    project.save()
    person = Person(url)
    assert 'href="https://acme.example/privacy"' in text(person.client.get(person.path))
    person.set_out()
    page = person.come_back(error="access_denied")
    assert 'href="mailto:help@acme.example"' in text(page)


def test_an_address_that_is_a_script_is_no_link(url: str, project: Project) -> None:
    project.privacy_url = project.support_url = "javascript:alert(1)"
    project.save()
    person = Person(url)
    assert "javascript:" not in text(person.client.get(person.path))
    person.set_out()
    assert "javascript:" not in text(person.come_back(error="access_denied"))


def test_a_scope_without_words_is_said_by_its_name(auth_config: AuthConfig) -> None:
    auth_config.scopes = ["notes:read", "notes:purge"]
    auth_config.save()
    page = text(Client().get(urlsplit(link_to(auth_config)).path))
    assert "Read your notes" in page
    assert 'What Acme Notes calls <code dir="ltr">notes:purge</code>' in page


def test_every_page_has_one_primary_button_and_one_heading(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    pages = [person.client.get(person.path)]
    person.set_out()
    pages.append(person.come_back(error="access_denied"))
    person.set_out()
    person.come_back(code="c")
    pages += [person.client.get(person.path), Client().get(person.path)]
    for page in pages:
        assert text(page).count('class="button"') == 1
        assert text(page).count("<h1") == 1
        assert text(page).count("<main") == 1


def test_forms_may_lead_where_the_flow_goes(url: str, project: Project) -> None:
    project.verification_url = "http://127.0.0.1:9/verify"
    project.save()
    policy = Client().get(urlsplit(url).path).headers["Content-Security-Policy"]
    [actions] = [part for part in policy.split(";") if part.strip().startswith("form-action")]
    assert {"https:", "https://app.example.com", "http://127.0.0.1:9"} <= set(actions.split())
