"""A complaint about a token that nothing renews has its status proven."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Entity, Status
from connections.probing.complaints import prove_soon
from integrations.models import AuthConfig
from tests.connections.proving import REFUSAL, connect_for_long, probe_all, probes_at
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lasting(auth_config: AuthConfig, entity: Entity, now: datetime) -> ConnectedAccount:
    """An ACTIVE account whose token has no end and cannot be refreshed, connected just now."""
    return connect_for_long(auth_config=auth_config, entity=entity, now=now)


def complain(account: ConnectedAccount, *, now: datetime, generation: int = 1) -> bool:
    return prove_soon(account_id=account.pk, generation=generation, now=now)


def test_a_complaint_has_the_provider_asked_at_once(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    assert probe_all(now=now) == []
    assert complain(lasting, now=now)
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    probe_all(now=now + MINUTE / 2)
    lasting.refresh_from_db()
    assert lasting.status == Status.EXPIRED


def test_a_complaint_about_a_token_that_works_changes_nothing(
    lasting: ConnectedAccount, now: datetime
) -> None:
    complain(lasting, now=now)
    probe_all(now=now)
    lasting.refresh_from_db()
    assert (lasting.status, lasting.last_verified_at) == (Status.ACTIVE, now)


@pytest.mark.parametrize("answer", [Answer(json={"sub": "7"}), REFUSAL, Answer(status=403)])
def test_complaints_have_an_account_asked_about_once_a_minute(
    lasting: ConnectedAccount, provider: ScriptedProvider, answer: Answer, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, answer)
    complain(lasting, now=now)
    probe_all(now=now)
    assert not complain(lasting, now=now + MINUTE - SECOND)
    probe_all(now=now + SECOND)
    assert probes_at(provider) == 1


def test_after_a_minute_a_complaint_counts_again_though_the_provider_did_not_answer(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=403))
    complain(lasting, now=now)
    probe_all(now=now)
    ConnectedAccount.objects.update(probe_at=now + 300 * MINUTE)
    assert complain(lasting, now=now + MINUTE)
    assert len(probe_all(now=now + MINUTE)) == 1


def test_a_complaint_about_an_older_token_changes_nothing(
    lasting: ConnectedAccount, now: datetime
) -> None:
    assert not complain(lasting, now=now, generation=0)
    assert probe_all(now=now) == []


def test_a_complaint_about_a_disabled_account_changes_nothing(
    lasting: ConnectedAccount, now: datetime
) -> None:
    ConnectedAccount.objects.update(status=Status.INACTIVE, probe_at=None)
    assert not complain(lasting, now=now)
