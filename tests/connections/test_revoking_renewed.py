"""A service that ends grants by a live access token only: a stale one is refreshed first."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

import pytest
from django.utils import timezone

from connections.actors import SYSTEM
from connections.models import Breaker, ConnectedAccount, Revocation
from connections.operations import revoke_account
from connections.outgoing import FRESH, Renewed
from connections.refresh.endpoints import endpoint_of
from connections.revoking import claim_due, finish, revoke
from integrations import clock
from integrations.models import AuthConfig
from integrations.schemes import RefusalKind, Refused, TokenSet
from tests.other_toolkits import use_toolkit
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_service", "account")]

DONE = Answer(json={})
SERVICE: Final[dict[str, Any]] = {
    "authorization_url": "{base_url}/authorize",
    "token_url": "{base_url}/token",
    "revocation": {"url": "{base_url}/end", "auth": "token"},
}
STALE = Answer(status=401, json={"error": "expired_access_token"})


@pytest.fixture
def _service(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> None:
    use_toolkit(monkeypatch, **SERVICE)
    provider.answer("/token", tokens())
    provider.answer("/end", STALE, DONE)


def let_go(*, expired: bool = False) -> None:
    """Revoke the account here, of which access-1 seems to live unless it is said to be over."""
    past = timezone.now() - timedelta(minutes=1)
    if expired:
        ConnectedAccount.objects.update(expires_at=past)
    revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)


def turn() -> Revocation:
    """Do what a worker does with what is due; return how it stands then."""
    Revocation.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    [claimed] = claim_due(limit=2, now=timezone.now())
    finish(claimed, revoke(claimed))
    return Revocation.objects.get()


def sent(provider: ScriptedProvider) -> list[str]:
    """Return the access tokens that the service was asked to end."""
    calls = zip(provider.targets, provider.heads, strict=True)
    return [head["Authorization"][7:] for target, head in calls if target == "/end"]


def test_a_token_that_is_refused_is_refreshed_and_the_new_one_is_revoked(
    provider: ScriptedProvider,
) -> None:
    let_go()
    turn()
    assert turn().confirmed_at is not None
    assert sent(provider) == ["access-1", "access-2"]
    assert [form["refresh_token"] for form in provider.forms("/token")] == ["refresh-1"]


def test_it_is_so_on_a_machine_that_was_suspended_since_it_started(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: time.monotonic() + 3600)
    let_go()
    turn()
    assert turn().confirmed_at is not None
    assert sent(provider) == ["access-1", "access-2"]


def test_the_refresh_names_where_the_consent_led_back_to(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    use_toolkit(monkeypatch, **SERVICE, refresh_needs_redirect_uri=True)
    ConnectedAccount.objects.update(redirect_uri="https://app.example/before")
    let_go(expired=True)
    AuthConfig.objects.update(callback_url="https://app.example/now")
    turn()
    [form] = provider.forms("/token")
    assert form["redirect_uri"] == "https://app.example/before"


def test_one_that_is_known_to_be_over_is_not_sent(provider: ScriptedProvider) -> None:
    # As some answer to a token that is none any more, while the refresh token lives on.
    provider.answer("/end", DONE)
    let_go(expired=True)
    turn()
    assert turn().confirmed_at is not None
    assert sent(provider) == ["access-2"]


def test_the_new_tokens_are_kept_before_they_are_revoked() -> None:
    let_go()
    kept = turn()
    found = TokenSet.from_payload(kept.payload)
    assert found.refresh_token is not None
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("access-2", "refresh-2")
    assert (kept.attempt_count, kept.lease_until, kept.confirmed_at) == (0, None, None)
    assert Revocation.objects.filter(next_attempt_at__lte=timezone.now()).exists()


def test_new_tokens_are_kept_although_the_lease_was_lost(provider: ScriptedProvider) -> None:
    let_go()
    [claimed] = claim_due(limit=1, now=timezone.now())
    answer = revoke(claimed)
    assert isinstance(answer, Renewed)
    Revocation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    claim_due(limit=1, now=timezone.now())
    finish(claimed, answer)
    rows = Revocation.objects.order_by("pk")
    assert [TokenSet.from_payload(row.payload).access_token.reveal() for row in rows] == [
        "access-1",
        "access-2",
    ]


def test_a_grant_that_a_refresh_finds_dead_is_over(provider: ScriptedProvider) -> None:
    provider.answer("/token", Answer(status=400, json={"error": "invalid_grant"}))
    let_go()
    assert turn().confirmed_at is not None


def test_a_refresh_that_fails_is_tried_again_with_the_revocation(
    provider: ScriptedProvider,
) -> None:
    provider.answer("/token", Answer(status=503, json={}), tokens())
    provider.answer("/end", STALE, STALE, DONE)
    let_go()
    after = turn()
    assert (after.attempt_count, after.error_code) == (1, "expired_access_token")
    turn()
    assert turn().confirmed_at is not None


def test_a_new_token_that_is_refused_too_is_not_refreshed_again_at_once(
    provider: ScriptedProvider,
) -> None:
    provider.answer("/end", STALE)
    let_go()
    for _ in range(4):
        after = turn()
    assert after.attempt_count == 3
    assert len(provider.forms("/token")) == 1
    Revocation.objects.update(renewed_at=timezone.now() - FRESH)
    turn()
    assert len(provider.forms("/token")) == 2


def test_nothing_is_refreshed_while_the_accounts_own_refresh_may_be_out(
    provider: ScriptedProvider,
) -> None:
    soon = timezone.now() + timedelta(seconds=40)
    ConnectedAccount.objects.update(lease_until=soon, lease_id="ra_1")
    let_go(expired=True)
    after = turn()
    assert (after.attempt_count, after.error_code) == (1, "refresh_held_back")
    assert provider.calls == []


def test_nothing_is_refreshed_while_the_provider_is_left_alone(provider: ScriptedProvider) -> None:
    let_go(expired=True)
    now = timezone.now()
    name = endpoint_of(ConnectedAccount.objects.get().auth_config)
    Breaker.objects.create(pk=name, opened_at=now, open_until=now + timedelta(minutes=5))
    assert turn().error_code == "refresh_held_back"
    assert provider.calls == []


def test_an_outage_is_no_reason_to_refresh(provider: ScriptedProvider) -> None:
    provider.answer("/end", Answer(status=503, json={}))
    let_go()
    turn()
    assert provider.forms("/token") == []


def test_a_service_that_takes_refresh_tokens_gets_the_stored_one(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider
) -> None:
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        revocation_url="{base_url}/end",
    )
    provider.answer("/end", DONE)
    let_go(expired=True)
    assert turn().confirmed_at is not None
    assert [form["token"] for form in provider.forms("/end")] == ["refresh-1"]


def test_a_refused_refresh_token_that_is_dead_is_over(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider
) -> None:
    # As QuickBooks answers to a token that it does not know.
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        revocation={"url": "{base_url}/end", "parameters": {"token": "{refresh_token}"}},
    )
    provider.answer("/end", Answer(status=400, raw=b""))
    provider.answer("/token", Answer(status=400, json={"error": "invalid_grant"}))
    let_go()
    assert turn().confirmed_at is not None


def test_the_refusal_is_told_where_the_refresh_is_refused_as_well(
    provider: ScriptedProvider,
) -> None:
    provider.answer("/token", Answer(status=401, json={"error": "invalid_client"}))
    let_go()
    [claimed] = claim_due(limit=1, now=timezone.now())
    answer = revoke(claimed)
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.error_code) == (RefusalKind.TRANSIENT, "expired_access_token")
