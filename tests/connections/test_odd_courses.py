"""What happens in the middle of something else: found by a review, kept by tests."""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import InternalError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import vault
from connections.actors import SYSTEM
from connections.errors import NothingToRefresh
from connections.grants import shared_with_another
from connections.links import expire_unused_links
from connections.models import (
    ConnectedAccount,
    ConnectLink,
    Credentials,
    Entity,
    Reason,
    RefreshAttempt,
    Revocation,
    Status,
    Trigger,
)
from connections.operations import (
    delete_account,
    deleting,
    disable_account,
    enable_account,
    revoke_account,
)
from connections.refresh import get_credentials, refresh_account, refresh_due, revoke_due
from connections.refresh.claim import Claim, claim_account, claim_due
from connections.refresh.crew import Crew
from connections.refresh.lanes import Refreshing
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from tests.making import connect, link_to, store_grant
from tests.person import Person
from tests.provider import REVOKE_PATH, Answer, ScriptedProvider, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=400, json={"error": "invalid_grant"})


def again(account: ConnectedAccount) -> ConnectedAccount:
    """Return the account as it is now."""
    return ConnectedAccount.objects.get(pk=account.pk)


def claim_one() -> Claim:
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    return claim


def reconnect(account: ConnectedAccount) -> None:
    store_grant(again(account), now=timezone.now(), reason=Reason.RECONNECTED, number=9)


def revoke_and_reconnect(account: ConnectedAccount) -> None:
    revoke_account(account=again(account), actor=SYSTEM)
    reconnect(account)


def take_refresh_token_away(account: ConnectedAccount, *, left: timedelta) -> None:
    """Leave ``account`` with an access token alone, good for ``left``."""
    stored = Credentials.objects.get(pk=account.pk)
    stored.payload = TokenSet(access_token=vault.open_grant(stored).access_token).to_payload()
    stored.refresh_token_digest = ""
    stored.save()
    end = timezone.now() + left
    ConnectedAccount.objects.filter(pk=account.pk).update(
        expires_at=end, refresh_at=end, refreshed_at=timezone.now() - timedelta(hours=1)
    )


@pytest.mark.django_db(transaction=True)
def test_an_answer_in_hand_is_stored_before_anything_is_claimed(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2), REFUSED)
    with Crew([Refreshing().lane()]) as crew:
        crew.take_up(now=timezone.now())
        crew._pool.submit(int).result()
        while not crew._answers.qsize():
            time.sleep(0.01)
        past = timezone.now() - timedelta(seconds=1)
        ConnectedAccount.objects.update(lease_until=past)
        crew.take_up(now=timezone.now())
    assert len(provider.token_calls()) == 1
    assert Credentials.objects.get().generation == 2


@pytest.mark.django_db(transaction=True)
def test_an_answer_survives_a_database_that_takes_no_writes(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    with Crew([Refreshing().lane()]) as crew:
        crew.take_up(now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        with pytest.raises(InternalError):
            crew.settle(timeout=30)
        connection.close()
        assert crew.busy
    assert Credentials.objects.get().generation == 2


@pytest.mark.parametrize("answer", [tokens(2), REFUSED], ids=["tokens", "refusal"])
def test_an_answer_for_a_grant_from_before_a_revocation_changes_nothing(
    due_account: ConnectedAccount, provider: ScriptedProvider, answer: Answer
) -> None:
    provider.answer_tokens(answer)
    claim = claim_one()
    revoke_and_reconnect(due_account)
    refresh_claimed(claim)
    grant = vault.open_grant(Credentials.objects.get())
    assert grant.access_token.reveal() == "access-9"
    assert again(due_account).status == Status.ACTIVE


def test_a_doubt_about_an_earlier_grant_is_none_about_this_one(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    claim_one()
    revoke_and_reconnect(due_account)
    past = timezone.now() - timedelta(seconds=1)
    ConnectedAccount.objects.update(refresh_at=past, lease_until=past)
    provider.answer_tokens(REFUSED)
    refresh_claimed(claim_one())
    assert again(due_account).status_reason == Reason.GRANT_REVOKED


def test_switching_off_and_on_does_not_end_a_token_that_cannot_be_renewed(
    account: ConnectedAccount,
) -> None:
    take_refresh_token_away(account, left=timedelta(days=300))
    disable_account(account=again(account), actor=SYSTEM)
    enable_account(account=again(account), actor=SYSTEM)
    assert claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now()) == []
    assert again(account).status == Status.ACTIVE


def test_refreshing_a_token_that_cannot_be_renewed_is_an_error_and_ends_nothing(
    account: ConnectedAccount,
) -> None:
    take_refresh_token_away(account, left=timedelta(days=300))
    with pytest.raises(NothingToRefresh):
        refresh_account(account_id=again(account).pk, trigger=Trigger.API)
    assert again(account).status == Status.ACTIVE
    assert not RefreshAttempt.objects.exists()


def test_reading_a_token_that_cannot_be_renewed_serves_it_to_its_end(
    account: ConnectedAccount,
) -> None:
    take_refresh_token_away(account, left=timedelta(minutes=10))
    assert get_credentials(account_id=account.pk, minimum_seconds=1800).generation == 1
    assert not RefreshAttempt.objects.exists()


def test_a_living_token_is_served_although_a_dead_worker_holds_the_lease(
    account: ConnectedAccount,
) -> None:
    now = timezone.now()
    ConnectedAccount.objects.update(
        expires_at=now + timedelta(minutes=20), refreshed_at=now - timedelta(hours=1)
    )
    claim_account(account_id=account.pk, generation=1, trigger=Trigger.READ, now=now)
    grant = get_credentials(account_id=account.pk, minimum_seconds=1800, wait_seconds=0.1)
    assert grant.generation == 1


@pytest.mark.django_db(transaction=True)
def test_tokens_that_are_over_at_once_are_not_asked_for_all_the_time(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2, expires_in=-1))
    assert refresh_due() == 1
    assert len(provider.token_calls()) == 1


def test_deleting_one_of_two_accounts_on_one_identity_revokes_nothing_upstream(
    due_account: ConnectedAccount, auth_config: AuthConfig, entity: Entity
) -> None:
    connect(auth_config=auth_config, entity=entity, alias="second")
    claim = claim_one()
    delete_account(account=again(due_account), actor=SYSTEM)
    refresh_claimed(claim)
    assert not Revocation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_accounts_deleted_at_once_the_last_one_is_revoked_upstream(
    account: ConnectedAccount,
    auth_config: AuthConfig,
    entity: Entity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = connect(auth_config=auth_config, entity=entity, alias="second")
    both_looked = threading.Barrier(2)

    def look(which: ConnectedAccount, identity_id: str) -> bool:
        found = shared_with_another(which, identity_id)
        # Without the lock both look before either is deleted, and each relies on the other.
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(timeout=1)
        return found

    monkeypatch.setattr(deleting, "shared_with_another", look)

    def delete(which: ConnectedAccount) -> None:
        try:
            delete_account(account=again(which), actor=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(delete, [account, second]))
    assert Revocation.objects.count() == 1


def test_a_late_revocation_does_not_end_the_grant_of_a_reconnect(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer(REVOKE_PATH, Answer(status=503, json={}), Answer(json={}))
    revoke_account(account=again(account), actor=SYSTEM)
    revoke_due()
    reconnect(account)
    Revocation.objects.update(next_attempt_at=timezone.now())
    revoke_due()
    assert len(provider.forms(REVOKE_PATH)) == 1
    revocation = Revocation.objects.get()
    assert revocation.superseded_at is not None
    assert revocation.payload is None


def test_a_revocation_that_cannot_be_made_does_not_stop_the_others(
    account: ConnectedAccount,
) -> None:
    revoke_account(account=again(account), actor=SYSTEM)
    AuthConfig.objects.update(toolkit="gone")
    assert revoke_due() == 1
    assert Revocation.objects.get().error_code == "internal_error"


def test_an_account_that_nobody_can_open_can_be_deleted(
    account: ConnectedAccount, settings: Settings
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="]
    delete_account(account=again(account), actor=SYSTEM)
    assert not Credentials.objects.exists()


def test_after_a_link_ran_out_a_new_one_leads_to_the_same_account(auth_config: AuthConfig) -> None:
    link_to(auth_config)
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert expire_unused_links(now=timezone.now()) == 1
    assert ConnectedAccount.objects.get().status_reason == Reason.LINK_EXPIRED
    person = Person(link_to(auth_config))
    assert ConnectedAccount.objects.get().status == Status.INITIATED
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status_reason == Reason.CONNECTED


def test_an_account_with_an_open_link_goes_on_waiting(auth_config: AuthConfig) -> None:
    link_to(auth_config)
    assert expire_unused_links(now=timezone.now()) == 0


def test_links_with_two_aliases_lead_to_one_account_unless_several_are_allowed(
    auth_config: AuthConfig,
) -> None:
    link_to(auth_config, alias="home")
    link_to(auth_config, alias="work")
    assert ConnectedAccount.objects.get().alias == "work"


def test_a_consent_that_outlasts_its_auth_config_connects_nothing(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    person = Person(link_to(auth_config))
    person.set_out()
    AuthConfig.objects.update(enabled=False)
    assert person.come_back(code="c").status_code == 409
    assert provider.token_calls() == []


def test_a_consent_that_outlasts_the_links_life_still_connects(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config))
    person.set_out()
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_unused_links(now=timezone.now())
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


def test_the_browsers_cookie_outlives_every_link(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config, expires_in=86_400))
    person.set_out()
    assert int(person.client.cookies["evergrant_connect"]["max-age"]) > 86_400


@pytest.mark.django_db(transaction=True)
def test_two_trips_from_one_link_make_one_connection(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    person, other = Person(link_to(auth_config)), Person("/")
    person.set_out()
    first = person.authorization
    person.set_out()
    other.client.cookies, other.authorization = person.client.cookies, person.authorization
    answers: list[int] = []

    def other_trip() -> None:
        try:
            answers.append(other.come_back(code="d").status_code)
        finally:
            connection.close()

    provider.answer_tokens(Answer(json=tokens(2).json, before=other_trip), tokens(3))
    person.authorization = first
    answers.append(person.come_back(code="c").status_code)
    assert answers == [302, 400]
    told = [EventType.ACTIVATED, EventType.REACTIVATED]
    assert Event.objects.filter(type__in=told).count() == 1
    assert vault.open_grant(Credentials.objects.get()).access_token.reveal() == "access-3"


def test_an_id_token_that_is_nested_too_deeply_connects_nothing(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    deep = urlsafe_b64encode(b"[" * 5000).decode()
    provider.answer_tokens(tokens(id_token=f"e30.{deep}.x"))
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status_reason == Reason.EXCHANGE_FAILED
