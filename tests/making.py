"""Makes accounts through the same operations that the product uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from connections import lifecycle, schedule, vault
from connections.actors import PERSON, SYSTEM
from connections.models import ConnectedAccount, Entity, Reason, Status
from connections.operations import link_account
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from integrations.secrets import Secret

CALLBACK_URL = "https://app.example.com/connected"
IDENTITY = {"identity_id": "7", "identity_label": "alice@example.com"}


def initiate(*, auth_config: AuthConfig, entity: Entity, alias: str = "") -> ConnectedAccount:
    """Return a new INITIATED account."""
    account = ConnectedAccount(
        project=auth_config.project,
        entity=entity,
        auth_config=auth_config,
        toolkit=auth_config.toolkit,
        alias=alias,
    )
    lifecycle.create(account=account, actor=SYSTEM, now=timezone.now())
    return account


def connect(*, auth_config: AuthConfig, entity: Entity, alias: str = "") -> ConnectedAccount:
    """Return an ACTIVE account with the tokens access-1 and refresh-1, good for a minute."""
    account = initiate(auth_config=auth_config, entity=entity, alias=alias)
    store_grant(account, now=timezone.now())
    return account


def store_grant(
    account: ConnectedAccount, *, now: datetime, reason: Reason = Reason.CONNECTED, number: int = 1
) -> None:
    """Store a grant on ``account`` as the end of a connect flow does."""
    tokens = token_set(number)
    with transaction.atomic():
        vault.put_new_grant(account=account, tokens=tokens, now=now)
        changes: dict[str, Any] = schedule.new_grant_columns(
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


def token_set(number: int = 1) -> TokenSet:
    """Return the tokens access-N and refresh-N, good for a minute."""
    return TokenSet(
        access_token=Secret(f"access-{number}"),
        refresh_token=Secret(f"refresh-{number}"),
        expires_in=60,
    )


def link_to(auth_config: AuthConfig, **changes: object) -> str:
    given = {"user_id": "alice", "callback_url": CALLBACK_URL, "app_state": "s&1"} | changes
    return link_account(
        project=auth_config.project,
        auth_config=auth_config,
        actor=SYSTEM,
        **given,  # type: ignore[arg-type]
    ).url
