"""Whatever is done in whatever order, history explains the status."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.actors import SYSTEM, Actor
from connections.connect.completing import fail
from connections.errors import ConnectionsError
from connections.lifecycle import HOLDS_CREDENTIALS, event_type
from connections.models import (
    ConnectAttempt,
    ConnectedAccount,
    Credentials,
    Entity,
    Reason,
    Status,
    Transition,
    Trigger,
)
from connections.operations import (
    delete_account,
    disable_account,
    enable_account,
    reconnect_account,
    revoke_account,
)
from connections.refresh import revoke_due
from connections.refresh.claim import claim_account
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from tests.making import initiate, store_grant
from tests.provider import Answer, ScriptedProvider, tokens
from webhooks.models import Event

OPERATOR = Actor("operator:olga")
REFUSED = Answer(status=400, json={"error": "invalid_grant"})
DOWN = Answer(status=503, json={})


def person_connects(account: ConnectedAccount, provider: ScriptedProvider) -> None:
    first = not account.transitions.filter(to_status=Status.ACTIVE).exists()
    reason = Reason.CONNECTED if first else Reason.RECONNECTED
    with transaction.atomic():
        store_grant(account, now=timezone.now(), reason=reason)


def person_declines(account: ConnectedAccount, provider: ScriptedProvider) -> None:
    issued = reconnect_account(account=account, actor=SYSTEM)
    attempt = ConnectAttempt.objects.create(
        project=account.project,
        link=issued.link,
        auth_config=account.auth_config,
        state_digest=issued.link.token_digest,
        redirect_uri="",
        expires_at=timezone.now(),
    )
    fail(attempt=attempt, reason=Reason.CONSENT_DENIED, now=timezone.now())


def refresh(account: ConnectedAccount, provider: ScriptedProvider, answer: Answer) -> None:
    provider.answer_tokens(answer)
    stored = Credentials.objects.filter(pk=account.pk).first()
    claim = stored and claim_account(
        account_id=account.pk,
        generation=stored.generation,
        trigger=Trigger.API,
        now=timezone.now(),
    )
    if claim:
        refresh_claimed(claim)


STEPS: dict[str, Any] = {
    "connect": person_connects,
    "decline": person_declines,
    "refresh": lambda account, provider: refresh(account, provider, tokens()),
    "refresh refused": lambda account, provider: refresh(account, provider, REFUSED),
    "refresh in an outage": lambda account, provider: refresh(account, provider, DOWN),
    "disable": lambda account, _: disable_account(account=account, actor=OPERATOR),
    "enable": lambda account, _: enable_account(account=account, actor=SYSTEM),
    "revoke": lambda account, _: revoke_account(account=account, actor=OPERATOR),
    "revoke at the provider": lambda *_: revoke_due(),
    "delete": lambda account, _: delete_account(account=account, actor=SYSTEM),
}


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(names=st.lists(st.sampled_from(sorted(STEPS)), max_size=14))
def test_any_course_of_events_leaves_a_true_history(
    auth_config: AuthConfig, entity: Entity, provider: ScriptedProvider, names: list[str]
) -> None:
    account = initiate(auth_config=auth_config, entity=entity)
    for name in names:
        current = ConnectedAccount.objects.select_related("entity", "project").get(pk=account.pk)
        before = current.status
        try:
            STEPS[name](current, provider)
        except ConnectionsError:
            assert ConnectedAccount.objects.get(pk=account.pk).status == before
    check_invariants(account)


def check_invariants(account: ConnectedAccount) -> None:
    stored = ConnectedAccount.objects.get(pk=account.pk)
    steps = list(Transition.objects.filter(account=account).order_by("pk"))
    walked = [step.from_status for step in steps[1:]]
    assert steps[0].from_status == ""
    assert walked == [step.to_status for step in steps[:-1]]
    assert (steps[-1].to_status, steps[-1].reason) == (stored.status, stored.status_reason)
    for step in steps:
        assert step.event is not None
        assert step.event.type == event_type(Status(step.to_status), Reason(step.reason))
        assert step.event.subject_id == account.pk
    told = Event.objects.filter(subject_id=account.pk, transition__isnull=False)
    assert told.count() == len(steps)
    holds = Credentials.objects.filter(pk=account.pk).exists()
    assert not holds or stored.status in HOLDS_CREDENTIALS
    assert holds or stored.status != Status.ACTIVE
    assert stored.refresh_at is None or stored.status == Status.ACTIVE
