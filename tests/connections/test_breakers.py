"""Providers that fail are left alone, and hold up nobody else (faults.md 13 to 15)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connections.errors import RefreshTimeout, RefreshUnavailable
from connections.models import (
    Breaker,
    ConnectedAccount,
    Credentials,
    Entity,
    RefreshAttempt,
    Status,
)
from connections.refresh import gate, get_credentials, refresh_due, watch_refreshes
from connections.refresh.breakers import note_answers
from connections.refresh.endpoints import endpoint_of
from integrations.models import AuthConfig
from integrations.schemes import RefusalKind, Refused
from integrations.secrets import Secret
from tests.connections.proving import connect_for_long
from tests.making import connect
from tests.provider import Answer, ScriptedProvider, tokens

DOWN = Answer(status=503, json={})
LIMITED = Answer(status=429, json={}, headers={"Retry-After": "120"})
REFUSED_CLIENT = Answer(status=401, json={"error": "invalid_client"})


@pytest.fixture(autouse=True)
def _fresh_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have breakers looked at each time, as a second later."""
    monkeypatch.setattr(gate, "MOST_SECONDS_OLD", -1.0)


@pytest.fixture
def other_provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider().serving() as serving:
        yield serving


def config_at(provider: ScriptedProvider, auth_config: AuthConfig) -> AuthConfig:
    return AuthConfig.objects.create(
        project=auth_config.project,
        name="Elsewhere",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": provider.url},
    )


def due(auth_config: AuthConfig, number: int) -> list[ConnectedAccount]:
    past = timezone.now() - timedelta(minutes=1)
    made = []
    for _ in range(number):
        user = f"user-{Entity.objects.count()}"
        entity = Entity.objects.create(project=auth_config.project, user_id=user)
        made.append(connect(auth_config=auth_config, entity=entity))
    ConnectedAccount.objects.filter(pk__in=[account.pk for account in made]).update(
        expires_at=past, refresh_at=past
    )
    return made


def make_due() -> None:
    ConnectedAccount.objects.filter(status=Status.ACTIVE).update(refresh_at=timezone.now())


def fail_until_open(auth_config: AuthConfig, provider: ScriptedProvider) -> None:
    provider.answer_tokens(DOWN)
    due(auth_config, 5)
    refresh_due()
    assert Breaker.objects.get(pk=endpoint_of(auth_config)).opened_at is not None


def later(auth_config: AuthConfig) -> None:
    """As if the breaker's pause were over."""
    past = timezone.now() - timedelta(seconds=1)
    Breaker.objects.filter(pk=endpoint_of(auth_config)).update(open_until=past)


@pytest.mark.django_db(transaction=True)
def test_after_failures_in_a_row_an_endpoint_is_left_alone(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    calls = len(provider.token_calls())
    make_due()
    refresh_due()
    assert len(provider.token_calls()) == calls
    assert set(ConnectedAccount.objects.values_list("status", flat=True)) == {Status.ACTIVE}


@pytest.mark.django_db(transaction=True)
def test_what_one_account_is_told_closes_the_endpoint_to_nobody(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    headers = {"Retry-After": "3600"}
    provider.answer_tokens(Answer(status=403, json={"error": "try_later"}, headers=headers))
    due(auth_config, 6)
    refresh_due()
    assert len(provider.token_calls()) == 6
    assert not Breaker.objects.filter(opened_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_clock_leaves_no_endpoint_alone_for_longer(auth_config: AuthConfig) -> None:
    down = Refused(kind=RefusalKind.TRANSIENT, error_code="http_503", http_status=503)
    ahead = timezone.now() + timedelta(hours=1)
    note_answers([(auth_config, down)] * 5, troubled=[], now=ahead)
    open_until = Breaker.objects.get().open_until
    assert open_until is not None
    assert open_until < timezone.now() + timedelta(minutes=2)


@pytest.mark.django_db(transaction=True)
def test_after_the_pause_one_call_goes_as_a_trial_and_its_success_closes(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    calls = len(provider.token_calls())
    make_due()
    later(auth_config)
    under_way: list[int] = []
    provider.answer_tokens(
        Answer(json=tokens().json, before=lambda: under_way.append(len(provider.token_calls()))),
        tokens(),
    )
    refresh_due()
    assert under_way == [calls + 1]
    assert Breaker.objects.get(pk=endpoint_of(auth_config)).opened_at is None
    make_due()
    refresh_due()
    assert not Credentials.objects.filter(generation=1).exists()


@pytest.mark.django_db(transaction=True)
def test_a_trial_for_which_nothing_can_be_claimed_is_left_to_others(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    later(auth_config)
    in_an_hour = timezone.now() + timedelta(hours=1)
    ConnectedAccount.objects.update(refresh_at=timezone.now(), lease_until=in_an_hour)
    refresh_due()
    assert Breaker.objects.get(pk=endpoint_of(auth_config)).trial_until is None


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_finds_nothing_to_call_for_leaves_the_trial_to_others(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    later(auth_config)
    account = ConnectedAccount.objects.earliest("pk")
    in_an_hour = timezone.now() + timedelta(hours=1)
    ConnectedAccount.objects.update(
        refresh_failures=0, refresh_failing_since=None, lease_until=in_an_hour
    )
    with pytest.raises((RefreshTimeout, RefreshUnavailable)):
        get_credentials(account_id=account.pk, wait_seconds=0)
    assert Breaker.objects.get(pk=endpoint_of(auth_config)).trial_until is None


@pytest.mark.django_db(transaction=True)
def test_a_failed_trial_opens_it_for_longer(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    calls = len(provider.token_calls())
    make_due()
    later(auth_config)
    refresh_due()
    breaker = Breaker.objects.get(pk=endpoint_of(auth_config))
    assert len(provider.token_calls()) == calls + 1
    assert breaker.openings == 2
    assert breaker.open_until is not None
    assert breaker.open_until > timezone.now() + timedelta(seconds=8)


@pytest.mark.django_db(transaction=True)
def test_a_token_that_merely_ran_out_closes_no_breaker_and_leaves_the_trial_to_others(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    ConnectedAccount.objects.update(refresh_at=timezone.now() + timedelta(hours=1))
    past = timezone.now() - timedelta(minutes=1)
    entity = Entity.objects.earliest("pk")
    over = connect_for_long(auth_config=auth_config, entity=entity, now=past, expires_in=1)
    ConnectedAccount.objects.filter(pk=over.pk).update(refresh_at=past)
    later(auth_config)
    refresh_due()
    assert ConnectedAccount.objects.get(pk=over.pk).status == Status.EXPIRED
    breaker = Breaker.objects.get(pk=endpoint_of(auth_config))
    assert breaker.opened_at is not None
    assert breaker.trial_until is None


@pytest.mark.django_db(transaction=True)
def test_a_limit_of_calls_holds_for_its_client_only(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    neighbour = config_at(provider, auth_config)
    provider.answer_tokens(LIMITED, tokens())
    due(auth_config, 1)
    refresh_due()
    due(auth_config, 3)
    due(neighbour, 2)
    refresh_due()
    assert RefreshAttempt.objects.filter(account__auth_config=auth_config).count() == 1
    assert RefreshAttempt.objects.filter(account__auth_config=neighbour).count() == 2
    opened = Breaker.objects.get(pk=auth_config.pk)
    assert opened.open_until is not None
    assert opened.open_until > timezone.now() + timedelta(seconds=110)


@pytest.mark.django_db(transaction=True)
def test_while_it_is_open_a_reader_gets_the_token_that_lives_and_nobody_is_called(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    fail_until_open(auth_config, provider)
    [living, dead] = due(auth_config, 2)
    soon = timezone.now() + timedelta(seconds=5)
    ConnectedAccount.objects.filter(pk=living.pk).update(expires_at=soon)
    calls = len(provider.token_calls())
    assert get_credentials(account_id=living.pk).tokens.access_token.reveal() == "access-1"
    with pytest.raises(RefreshUnavailable):
        get_credentials(account_id=dead.pk)
    assert len(provider.token_calls()) == calls


@pytest.mark.django_db(transaction=True)
def test_a_refused_client_is_not_called_again_for_any_of_its_accounts(
    auth_config: AuthConfig, provider: ScriptedProvider, other_provider: ScriptedProvider
) -> None:
    provider.answer_tokens(REFUSED_CLIENT)
    due(auth_config, 1)
    refresh_due()
    due(auth_config, 3)
    due(config_at(other_provider, auth_config), 2)
    refresh_due()
    assert len(provider.token_calls()) == 1
    assert len(other_provider.token_calls()) == 2
    assert set(ConnectedAccount.objects.values_list("status", flat=True)) == {Status.ACTIVE}


@pytest.mark.django_db(transaction=True)
def test_when_a_refused_client_may_be_tried_again_one_account_goes_first(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(REFUSED_CLIENT)
    due(auth_config, 4)
    AuthConfig.objects.update(misconfigured_since=timezone.now())
    refresh_due()
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db(transaction=True)
def test_an_edit_lets_a_refused_client_be_called_at_once(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(REFUSED_CLIENT, tokens())
    due(auth_config, 1)
    refresh_due()
    [waiting] = due(auth_config, 1)
    auth_config.refresh_from_db()
    auth_config.forget_refusals()
    auth_config.save()
    refresh_due()
    assert Credentials.objects.get(pk=waiting.pk).generation == 2


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_hangs_holds_up_nobody_else(
    auth_config: AuthConfig, provider: ScriptedProvider, other_provider: ScriptedProvider
) -> None:
    released, stop = threading.Event(), threading.Event()

    def hang() -> None:
        released.wait(30)

    provider.answer_tokens(Answer(json=tokens().json, before=hang))
    due(auth_config, 80)
    others = due(config_at(other_provider, auth_config), 40)
    watching = threading.Thread(target=watch, args=(stop,))
    watching.start()
    try:
        refreshed = wait_for(others)
    finally:
        stop.set()
        released.set()
        watching.join()
    assert refreshed
    # None of those had ended when the others were done.
    assert len(provider.token_calls()) <= auth_config.catalog_entry.calls.client_concurrency


def watch(stop: threading.Event) -> None:
    try:
        watch_refreshes(seconds=20, stop=stop)
    finally:
        connection.close()


def wait_for(accounts: list[ConnectedAccount]) -> bool:
    ids = [account.pk for account in accounts]
    for _ in range(400):
        if Credentials.objects.filter(pk__in=ids, generation=2).count() == len(ids):
            return True
        threading.Event().wait(0.025)
    return False


@pytest.mark.django_db
def test_what_is_free_is_shared_out_equally(
    auth_config: AuthConfig, other_provider: ScriptedProvider
) -> None:
    other = config_at(other_provider, auth_config)
    shares = gate.Gate().shares([auth_config.pk, other.pk], free=32, now=timezone.now())
    assert shares == {auth_config.pk: 16, other.pk: 16}
