"""What a refresh makes of each kind of answer (faults.md 15-18, 21, 22)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import vault
from connections.actors import SYSTEM
from connections.models import (
    ConnectedAccount,
    Credentials,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Status,
    Trigger,
)
from connections.operations import (
    delete_account,
    disable_account,
    enable_account,
    revoke_account,
)
from connections.refresh import revoke_due
from connections.refresh.claim import Claim, claim_due
from connections.refresh.work import refresh_claimed
from connections.schedule import plan
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from tests.making import store_grant
from tests.provider import REVOKE_PATH, Answer, ScriptedProvider, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db


def claim_one() -> Claim:
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    return claim


def refreshed(account: ConnectedAccount) -> ConnectedAccount:
    """Refresh what is due and return the account as it is then."""
    refresh_claimed(claim_one())
    return ConnectedAccount.objects.get(pk=account.pk)


def events_of(account: ConnectedAccount) -> list[str]:
    return list(
        Event.objects.filter(subject_id=account.pk)
        .order_by("sequence")
        .values_list("type", flat=True)
    )


def test_new_tokens_are_stored_under_the_next_generation(due_account: ConnectedAccount) -> None:
    account = refreshed(due_account)
    stored = Credentials.objects.get(pk=account.pk)
    grant = vault.open_grant(stored)
    assert stored.generation == 2
    assert grant.access_token.reveal() == "access-2"
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() == "refresh-2"
    assert account.lives_for(50, now=timezone.now())
    assert not account.lease_id


def test_the_attempt_says_how_it_ended(due_account: ConnectedAccount) -> None:
    refreshed(due_account)
    attempt = RefreshAttempt.objects.get(account=due_account)
    assert attempt.outcome == RefreshOutcome.STORED
    assert attempt.generation == 1
    assert attempt.finished_at is not None


def test_the_next_refresh_is_spread_by_jitter(due_account: ConnectedAccount) -> None:
    shares = set()
    for _ in range(5):
        now = timezone.now()
        grant = vault.open_grant(Credentials.objects.get(pk=due_account.pk))
        times = plan(
            tokens=tokens_like(grant),
            auth_config=due_account.auth_config,
            granted_at=now,
            now=now,
        )
        assert times.refresh_at is not None
        shares.add(round((times.refresh_at - now).total_seconds() / 60, 4))
    assert len(shares) > 1
    assert all(0.6 <= share <= 0.8 for share in shares)


def tokens_like(grant: TokenSet) -> TokenSet:
    return TokenSet(
        access_token=grant.access_token, refresh_token=grant.refresh_token, expires_in=60
    )


@pytest.mark.parametrize("absent", [None, ""])
def test_without_a_new_refresh_token_the_old_one_stays(
    due_account: ConnectedAccount, provider: ScriptedProvider, absent: str | None
) -> None:
    provider.answer_tokens(tokens(refresh_token=absent))
    refreshed(due_account)
    grant = vault.open_grant(Credentials.objects.get(pk=due_account.pk))
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() == "refresh-1"
    assert grant.access_token.reveal() == "access-2"


@pytest.mark.fault(16)
def test_a_terminal_answer_expires_the_account_and_says_so_in_one_commit(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    account = refreshed(due_account)
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)
    event = Event.objects.filter(subject_id=account.pk).latest("sequence")
    assert event.type == EventType.EXPIRED
    assert event.data["error_code"] == "invalid_grant"
    assert event.payload()["data"]["reauth_url"].startswith("http://testserver/connect/")
    assert account.transitions.latest("pk").event == event


def test_the_reconnect_link_stands_sealed_in_the_outbox(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    refreshed(due_account)
    event = Event.objects.filter(subject_id=due_account.pk).latest("sequence")
    assert "reauth_url" not in event.data


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, json={"error": "server_error"}),
        Answer(status=503, raw=b"<html>down</html>"),
        Answer(status=400, raw=b"<html>proxy</html>"),
        Answer(status=429, json={"error": "invalid_grant"}),
        Answer(status=302, raw=b"", headers={"Location": "https://example.com/"}),
    ],
    ids=["500", "503 html", "400 html", "429", "redirect"],
)
def test_an_outage_expires_nobody(
    due_account: ConnectedAccount, provider: ScriptedProvider, answer: Answer
) -> None:
    provider.answer_tokens(answer)
    account = refreshed(due_account)
    assert account.status == Status.ACTIVE
    assert account.refresh_failures == 1
    assert account.refresh_at is not None
    assert account.refresh_at > timezone.now()
    assert Credentials.objects.get(pk=account.pk).generation == 1


def test_retry_after_is_honoured(due_account: ConnectedAccount, provider: ScriptedProvider) -> None:
    provider.answer_tokens(Answer(status=429, json={}, headers={"Retry-After": "600"}))
    account = refreshed(due_account)
    assert account.refresh_at is not None
    assert account.refresh_at > timezone.now() + timedelta(seconds=590)


def test_a_failing_refresh_is_told_once_and_its_recovery_too(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(*[Answer(status=500, json={})] * 4, tokens())
    for _ in range(5):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        refreshed(due_account)
    assert events_of(due_account)[2:] == [
        EventType.REFRESH_FAILING,
        EventType.REFRESH_RECOVERED,
    ]


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope"])
def test_a_refused_client_raises_one_alarm_and_expires_nobody(
    due_account: ConnectedAccount, provider: ScriptedProvider, code: str
) -> None:
    provider.answer_tokens(Answer(status=401, json={"error": code}))
    for _ in range(2):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        account = refreshed(due_account)
    assert account.status == Status.ACTIVE
    assert account.auth_config.misconfigured_error == code
    alarms = Event.objects.filter(type=EventType.MISCONFIGURED)
    assert [alarm.subject_id for alarm in alarms] == [account.auth_config_id]


def test_a_success_clears_the_alarm(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    due_account.auth_config.mark_misconfigured(
        error="invalid_client", pause=timedelta(0), now=timezone.now()
    )
    account = refreshed(due_account)
    assert account.auth_config.misconfigured_since is None


def test_a_refusal_after_a_cut_answer_is_a_lost_rotation(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(
        Answer(json={"access_token": "lost"}, cut=True),
        Answer(status=400, json={"error": "invalid_grant"}),
    )
    assert refreshed(due_account).status == Status.ACTIVE
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    account = refreshed(due_account)
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.ROTATION_LOST)


def with_rotation(monkeypatch: pytest.MonkeyPatch, rotation: str, grace_seconds: int = 0) -> None:
    facts = {"rotation": rotation, "grace_seconds": grace_seconds}
    plain = AuthConfig.catalog_entry.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(
        AuthConfig,
        "catalog_entry",
        property(lambda config: plain(config).model_copy(update=facts)),
    )


@pytest.mark.fault(7)
def test_the_retry_of_a_cut_answer_comes_within_the_providers_grace(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rotation(monkeypatch, "rotates_with_grace", 10)
    provider.answer_tokens(Answer(json={"access_token": "lost"}, cut=True))
    account = refreshed(due_account)
    assert account.in_doubt_since is not None
    assert account.refresh_at is not None
    assert account.refresh_at <= timezone.now() + timedelta(seconds=2)


def test_a_refresh_token_that_does_not_rotate_is_never_lost(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rotation(monkeypatch, "none")
    provider.answer_tokens(
        Answer(json={"access_token": "lost"}, cut=True),
        Answer(status=400, json={"error": "invalid_grant"}),
    )
    refreshed(due_account)
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    assert refreshed(due_account).status_reason == Reason.GRANT_REVOKED


def test_a_doubt_ends_with_the_next_answer(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(json={"access_token": "lost"}, cut=True), tokens(2))
    refreshed(due_account)
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    assert refreshed(due_account).in_doubt_since is None


def test_time_outs_for_hours_end_no_doubtful_account(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(json={"access_token": "lost"}, cut=True))
    for _ in range(5):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        account = refreshed(due_account)
    assert account.status == Status.ACTIVE


def test_successes_in_a_row_are_one_row_of_the_history(due_account: ConnectedAccount) -> None:
    for _ in range(3):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        refreshed(due_account)
    attempt = RefreshAttempt.objects.get()
    assert (attempt.count, attempt.generation) == (3, 3)
    assert attempt.finished_at is not None
    assert attempt.finished_at > attempt.started_at


def test_a_failure_ends_a_row_of_successes(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2), tokens(3), Answer(status=500, json={}), tokens(4))
    for _ in range(4):
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        refreshed(due_account)
    counts = RefreshAttempt.objects.order_by("pk").values_list("outcome", "count")
    assert list(counts) == [("stored", 2), ("transient", 1), ("stored", 1)]


@pytest.mark.parametrize("operation", [delete_account, revoke_account])
def test_a_token_that_arrives_too_late_is_revoked_at_the_provider(
    due_account: ConnectedAccount, provider: ScriptedProvider, operation: object
) -> None:
    claim = claim_one()
    current = ConnectedAccount.objects.get(pk=due_account.pk)
    operation(account=current, actor=SYSTEM)  # type: ignore[operator]
    refresh_claimed(claim)
    after = ConnectedAccount.objects.get(pk=due_account.pk)
    assert after.status in {Status.DELETED, Status.REVOKED}
    assert not Credentials.objects.filter(pk=due_account.pk).exists()
    while revoke_due():
        pass
    revoked = {form["token"] for form in provider.forms(REVOKE_PATH)}
    assert revoked == {"refresh-1", "refresh-2"}
    assert not Revocation.objects.filter(payload__isnull=False).exists()


def test_a_disabled_account_keeps_the_token_that_was_on_its_way(
    due_account: ConnectedAccount,
) -> None:
    claim = claim_one()
    disable_account(account=ConnectedAccount.objects.get(pk=due_account.pk), actor=SYSTEM)
    refresh_claimed(claim)
    account = ConnectedAccount.objects.get(pk=due_account.pk)
    assert account.status == Status.INACTIVE
    assert account.refresh_at is None
    assert Credentials.objects.get(pk=account.pk).generation == 2


def test_a_grant_that_was_renewed_meanwhile_wins(due_account: ConnectedAccount) -> None:
    claim = claim_one()
    current = ConnectedAccount.objects.get(pk=due_account.pk)
    store_grant(current, now=timezone.now(), reason=Reason.RECONNECTED, number=9)
    refresh_claimed(claim)
    grant = vault.open_grant(Credentials.objects.get(pk=due_account.pk))
    assert grant.access_token.reveal() == "access-9"
    attempt = RefreshAttempt.objects.get(account=due_account)
    assert attempt.outcome == RefreshOutcome.SUPERSEDED


def test_a_refusal_of_a_replaced_grant_expires_nobody(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    claim = claim_one()
    current = ConnectedAccount.objects.get(pk=due_account.pk)
    store_grant(current, now=timezone.now(), reason=Reason.RECONNECTED, number=9)
    refresh_claimed(claim)
    assert ConnectedAccount.objects.get(pk=due_account.pk).status == Status.ACTIVE


def test_an_account_that_is_switched_off_and_on_during_a_call_is_not_called_twice(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    claim = claim_one()
    current = ConnectedAccount.objects.get(pk=due_account.pk)
    disable_account(account=current, actor=SYSTEM)
    enable_account(account=current, actor=SYSTEM)
    assert claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now()) == []
    refresh_claimed(claim)
    assert len(provider.token_calls()) == 1


def test_a_lost_answer_is_remembered_although_the_account_was_disabled(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(json={"access_token": "lost"}, cut=True))
    claim = claim_one()
    disable_account(account=ConnectedAccount.objects.get(pk=due_account.pk), actor=SYSTEM)
    refresh_claimed(claim)
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.IN_DOUBT


def test_with_the_wrong_key_nobody_is_called_and_nothing_is_overwritten(
    due_account: ConnectedAccount, provider: ScriptedProvider, settings: Settings
) -> None:
    before = Credentials.objects.filter(pk=due_account.pk).values().get()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    account = refreshed(due_account)
    assert provider.token_calls() == []
    assert account.status == Status.ACTIVE
    assert Credentials.objects.filter(pk=due_account.pk).values().get() == before
    assert RefreshAttempt.objects.get().error_code == "credentials_do_not_open"
