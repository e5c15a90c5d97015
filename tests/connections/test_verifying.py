"""The app says who its person is before anything is exchanged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from connections import vault
from connections.actors import SYSTEM
from connections.models import (
    ConnectedAccount,
    ConnectLink,
    Credentials,
    Reason,
    Status,
    Verification,
)
from connections.operations import delete_account, reconnect_account, revoke_account
from connections.timeline import timeline
from integrations.models import AuthConfig, Project
from tests.api.calling import Caller, code_of, key_of
from tests.making import CALLBACK_URL, link_to
from tests.person import Person
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider, tokens
from tests.verifying_app import CODE, App, consent
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


@pytest.fixture
def url(app: App, auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def titles(account: ConnectedAccount) -> list[str]:
    return [entry.title for entry in timeline(account)]


def test_after_consent_the_person_is_sent_to_the_app_and_nothing_is_exchanged(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    brought = app.visited(consent(url).url)
    account = ConnectedAccount.objects.get()
    assert set(brought) == {"from", "connected_account_id", "verification_token", "state"}
    assert (brought["connected_account_id"], brought["state"]) == (account.pk, "s&1")
    assert account.status == Status.INITIATED
    assert provider.calls == []


def test_what_is_held_is_sealed_and_its_token_a_digest(url: str, app: App) -> None:
    token = app.visited(consent(url).url)["verification_token"]
    row = str(Verification.objects.values().get())
    assert CODE not in row
    assert token not in row


def test_the_links_user_is_connected_and_led_back_to_the_app(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)
    answer = app.verify(trip.url, signed_in="alice")
    account = ConnectedAccount.objects.get()
    told = answer.json()
    assert (told["verified"], told["status"], told["reason_code"]) == (True, "success", "connected")
    assert (account.status, account.user_verified_at is not None) == (Status.ACTIVE, True)
    assert [form["code"] for form in provider.token_calls()] == [CODE]
    query = parse_qs(urlsplit(trip.follow(answer).headers["Location"]).query)
    assert (query["status"], query["state"]) == (["success"], ["s&1"])


def test_somebody_else_connects_nothing_and_the_link_is_dead(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)
    told = app.verify(trip.url, signed_in="mallory").json()
    account = ConnectedAccount.objects.get()
    assert (told["verified"], told["status"]) == (False, "failed")
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.VERIFICATION_FAILED)
    assert provider.calls == []
    assert Verification.objects.get().held is None
    assert trip.person.client.get(trip.person.path).status_code == 410
    assert Event.objects.latest("sequence").type == EventType.FAILED


def test_she_is_told_so_and_can_go_back_to_the_app(url: str, app: App) -> None:
    trip = consent(url)
    page = trip.follow(app.verify(trip.url, signed_in="mallory"))
    assert page.status_code == 403
    assert "This link is for somebody else" in page.content.decode()
    assert "error=verification_failed" in page.content.decode()
    assert "Try again" not in page.content.decode()


def test_a_phished_link_connects_nothing(url: str, app: App, provider: ScriptedProvider) -> None:
    """Alice sends the link made for her to Bob, who consents. At the app, he is Bob."""
    bob = consent(url)
    told = app.verify(bob.url, signed_in="bob").json()
    assert told["verified"] is False
    assert provider.calls == []
    assert not Credentials.objects.exists()


def test_who_knows_the_accounts_id_cannot_release_what_a_victim_brought(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    """Alice made the link, so she knows its account; Bob's browser has the token, hers has not."""
    bob = consent(url)
    forged = app.verify(bob.url, signed_in="alice", verification_token="guessed")
    assert code_of(forged) == (409, "verification_unknown")
    assert provider.calls == []
    assert ConnectedAccount.objects.get().status == Status.INITIATED


def test_a_token_works_for_the_account_it_was_sent_with_only(
    url: str, app: App, auth_config: AuthConfig
) -> None:
    trip = consent(url)
    link_to(auth_config, user_id="bob")
    other = ConnectedAccount.objects.latest("pk")
    answer = app.verify(trip.url, signed_in="bob", connected_account_id=other.pk)
    assert code_of(answer) == (409, "verification_unknown")


def test_another_projects_key_finds_no_such_account(url: str, app: App) -> None:
    trip = consent(url)
    app.call = Caller(key_of(Project.objects.create(name="Globex"), "write"))
    assert code_of(app.verify(trip.url, signed_in="alice")) == (404, "not_found")


def test_verifying_needs_the_scope_of_linking(url: str, app: App, project: Project) -> None:
    trip = consent(url)
    app.call = Caller(key_of(project, "read"))
    assert code_of(app.verify(trip.url, signed_in="alice")) == (403, "insufficient_scope")


def test_the_same_call_again_exchanges_nothing_and_says_the_same(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)
    first, second = (app.verify(trip.url, signed_in="alice").json() for _ in range(2))
    assert first == second
    assert len(provider.token_calls()) == 1


def test_the_first_answer_counts(url: str, app: App) -> None:
    trip = consent(url)
    app.verify(trip.url, signed_in="mallory")
    second = app.verify(trip.url, signed_in="alice")
    assert code_of(second) == (409, "verification_answered")
    assert ConnectedAccount.objects.get().status == Status.FAILED


@pytest.mark.django_db(transaction=True)
def test_of_many_calls_at_once_one_exchanges_and_all_hear_of_it(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)

    def verify(_: int) -> str:
        try:
            return str(app.verify(trip.url, signed_in="alice").json()["status"])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(verify, range(6)))
    assert answers == ["success"] * 6
    assert len(provider.token_calls()) == 1


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.EXPIRED])
def test_a_reconnect_by_somebody_else_changes_nothing(
    account: ConnectedAccount, app: App, status: Status
) -> None:
    ConnectedAccount.objects.filter(pk=account.pk).update(status=status)
    trip = consent(reconnect_account(account=account, actor=SYSTEM).url)
    app.verify(trip.url, signed_in="mallory")
    account.refresh_from_db()
    grant = vault.open_grant(Credentials.objects.get())
    assert (account.status, grant.access_token.reveal()) == (status, "access-1")
    assert titles(account)[0] == "The app did not confirm its user"


def test_a_reconnect_is_verified_too(account: ConnectedAccount, app: App) -> None:
    trip = consent(reconnect_account(account=account, actor=SYSTEM).url)
    assert app.verify(trip.url, signed_in="alice").json()["reason_code"] == "reconnected"
    account.refresh_from_db()
    assert account.user_verified_at is not None


def test_a_reconnect_without_a_check_is_not_marked_as_checked(account: ConnectedAccount) -> None:
    ConnectedAccount.objects.update(user_verified_at=timezone.now())
    person = Person(reconnect_account(account=account, actor=SYSTEM).url)
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().user_verified_at is None


def test_without_a_verification_url_an_account_is_marked_as_not_verified(
    auth_config: AuthConfig, project: Project
) -> None:
    person = Person(link_to(auth_config, callback_url=""))
    person.set_out()
    done = person.client.get(person.come_back(code="c").headers["Location"])
    account = ConnectedAccount.objects.get()
    shown = Caller(key_of(project, "read"))("GET", f"/connected_accounts/{account.pk}").json()
    assert (account.status, shown["user_verified"]) == (Status.ACTIVE, False)
    assert "has not checked who opened it" in done.content.decode()


def test_the_history_says_who_was_signed_in(url: str, app: App) -> None:
    trip = consent(url)
    account = ConnectedAccount.objects.get()
    assert titles(account)[0] == "Waiting for the app to confirm its user"
    app.verify(trip.url, signed_in="mallory")
    entries = {entry.title: entry for entry in timeline(account)}
    told = entries["The app did not confirm its user"]
    assert "made for alice, and mallory was signed in" in told.detail
    assert told.actor.startswith("API key ")
    assert "Another user was signed in" in entries["Failed to connect"].detail


def test_who_declines_at_the_provider_is_not_sent_to_the_app(url: str) -> None:
    person = Person(url)
    person.set_out()
    assert "You did not allow it" in person.come_back(error="access_denied").content.decode()
    assert not Verification.objects.exists()


def test_a_provider_that_fails_after_the_app_has_answered_is_told_on_our_page(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    trip = consent(url)
    answer = app.verify(trip.url, signed_in="alice")
    assert (answer.json()["verified"], answer.json()["status"]) == (True, "failed")
    page = trip.follow(answer)
    assert page.status_code == 502
    assert "That took too long" in page.content.decode()


def test_the_page_after_the_trip_tells_the_app_no_success_of_what_has_ended(
    url: str, app: App
) -> None:
    trip = consent(url)
    answer = app.verify(trip.url, signed_in="alice")
    assert "status=success" in trip.follow(answer).headers["Location"]
    revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    page = trip.follow(answer)
    assert page.status_code == 410
    assert "status=success" not in page.content.decode()


def test_another_identity_is_told_on_our_page_with_both_names(
    account: ConnectedAccount, app: App, provider: ScriptedProvider
) -> None:
    provider.answer_identity("8", "bob@example.com")
    issued = reconnect_account(account=account, actor=SYSTEM, callback_url=CALLBACK_URL)
    trip = consent(issued.url)
    page = trip.follow(app.verify(trip.url, signed_in="alice")).content.decode()
    assert "bob@example.com" in page
    assert "alice@example.com" in page


def test_an_account_that_was_deleted_meanwhile_is_not_found(url: str, app: App) -> None:
    trip = consent(url)
    delete_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    assert code_of(app.verify(trip.url, signed_in="alice")) == (404, "not_found")


def test_a_disabled_auth_config_refuses_and_keeps_what_is_held(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    trip = consent(url)
    AuthConfig.objects.update(enabled=False)
    assert code_of(app.verify(trip.url, signed_in="alice")) == (409, "auth_config_disabled")
    AuthConfig.objects.update(enabled=True)
    assert app.verify(trip.url, signed_in="alice").json()["status"] == "success"
    assert len(provider.token_calls()) == 1


def test_a_link_in_a_dead_state_is_told_apart_from_an_expired_one(url: str, app: App) -> None:
    trip = consent(url)
    app.verify(trip.url, signed_in="mallory")
    assert ConnectLink.objects.get().refused_at is not None
    assert "is not valid any more" in trip.person.client.get(trip.person.path).content.decode()
    assert trip.person.client.post(trip.person.path).status_code == 410


def test_tokens_that_the_provider_rejects_after_all_connect_nothing(
    url: str, app: App, provider: ScriptedProvider
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=401, json={}))
    provider.answer_tokens(tokens())
    trip = consent(url)
    assert app.verify(trip.url, signed_in="alice").json()["reason_code"] == "probe_rejected"
    assert not Credentials.objects.exists()
