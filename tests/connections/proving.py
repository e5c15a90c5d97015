"""Accounts whose tokens last, and rounds of probing at a moment: for probes and warnings."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from connections import lifecycle, probing, schedule, vault
from connections.actors import PERSON
from connections.models import ConnectedAccount, Entity, Reason, Status
from connections.probing import Finding
from integrations.catalog import get_toolkit
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.making import IDENTITY, initiate
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider
from webhooks.models import Event

REFUSAL = Answer(status=401, json={"error": "invalid_token"})
OUTAGE = Answer(status=503, json={})


def connect_for_long(
    *,
    auth_config: AuthConfig,
    entity: Entity,
    now: datetime,
    refresh_token: str = "",
    expires_in: float = math.inf,
    alias: str = "",
    **lives: Any,
) -> ConnectedAccount:
    """Return an ACTIVE account whose access token lasts, connected at ``now``."""
    account = initiate(auth_config=auth_config, entity=entity, alias=alias)
    reconnect(
        account,
        now=now,
        refresh_token=refresh_token,
        expires_in=expires_in,
        reason=Reason.CONNECTED,
        **lives,
    )
    return account


def reconnect(
    account: ConnectedAccount,
    *,
    now: datetime,
    refresh_token: str = "",
    expires_in: float = math.inf,
    reason: Reason = Reason.RECONNECTED,
    **lives: Any,
) -> None:
    """Store a new grant on ``account`` as the end of a connect flow does."""
    tokens = TokenSet(
        access_token=Secret("access-1"),
        refresh_token=Secret(refresh_token) if refresh_token else None,
        expires_in=expires_in,
        **lives,
    )
    with transaction.atomic():
        vault.put_new_grant(account=account, tokens=tokens, now=now)
        changes = schedule.new_grant_columns(
            tokens=tokens, auth_config=account.auth_config, now=now
        )
        lifecycle.move(
            account=account,
            to=Status.ACTIVE,
            reason=reason,
            actor=PERSON,
            changes=changes | IDENTITY,
            now=now,
        )


def change_toolkit(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Let the catalog say something else of the sandbox until the test ends."""

    def entry(
        slug: str, described: str, scheme: str, parameters: tuple[tuple[str, str], ...]
    ) -> Any:
        toolkit = get_toolkit(slug).model_copy(update=changes)
        return toolkit.with_parameters(dict(parameters))

    monkeypatch.setattr("integrations.models.auth_config._catalog_entry", entry)


def probe_all(*, now: datetime) -> list[Finding]:
    """Probe whatever is due at ``now`` and store what comes of it."""
    findings = [probing.probe(claimed) for claimed in probing.claim_due(limit=16, now=now)]
    probing.finish(findings, now=now)
    return findings


def probes_at(provider: ScriptedProvider) -> int:
    """Return how many identity calls the provider got."""
    return len(provider.forms(USERINFO_PATH))


def events_of(account: ConnectedAccount, kind: str) -> list[Event]:
    """Return the account's events of that kind, in their order."""
    return list(Event.objects.filter(subject_id=account.pk, type=kind).order_by("sequence"))
