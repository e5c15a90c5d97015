"""What happens to the demo's accounts, told by the operations of the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from connections import lifecycle, schedule, vault
from connections.actors import PERSON, WORKER, Actor
from connections.models import (
    ConnectedAccount,
    ConnectLink,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Trigger,
)
from connections.operations import link_account
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.screenshots.clock import NOW, Clock
from webhooks.models import Delivery, DeliveryAttempt, DeliveryStatus


@dataclass(frozen=True)
class Story:
    """Tells what happened, each thing at its time."""

    clock: Clock
    api_key: str

    def connect(
        self, config: AuthConfig, person: str, *, alias: str = "", **ago: float
    ) -> ConnectedAccount:
        """Have ``person`` connect an account so long ago, on a link of the app."""
        with self.clock.ago(**ago) as now:
            issued = link_account(
                project=config.project,
                user_id=person.partition("@")[0],
                auth_config=config,
                actor=Actor(f"api_key:{self.api_key}"),
                alias=alias,
                allow_multiple=True,
            )
        with self.clock.ago(**ago) as begun:
            self.clock.now = now = begun + timedelta(seconds=48)
            self.grant(issued.account, config, person, Reason.CONNECTED, now)
        ConnectLink.objects.filter(pk=issued.link.pk).update(completed_at=now)
        return issued.account

    def grant(
        self,
        account: ConnectedAccount,
        config: AuthConfig,
        person: str,
        reason: Reason,
        now: datetime,
    ) -> None:
        """Store the grant that the person gave."""
        tokens = _tokens(config)
        with transaction.atomic():
            vault.put_new_grant(account=account, tokens=tokens, now=now)
            changes: dict[str, Any] = schedule.new_grant_columns(
                tokens=tokens, auth_config=config, now=now
            )
            changes |= {
                "identity_id": person,
                "identity_label": person,
                "last_verified_at": now,
                "scopes_requested": config.requested_scopes,
                "scopes_granted": config.requested_scopes,
            }
            lifecycle.move(
                account=account,
                to=Status.ACTIVE,
                reason=reason,
                actor=PERSON,
                changes=changes,
                now=now,
            )

    def keep(self, account: ConnectedAccount, *, every: timedelta, until: timedelta) -> None:
        """Have it refreshed from its grant on, until so long ago."""
        started = (account.granted_at or NOW) + every
        ended = NOW - until
        count = max(1, int((ended - started) / every))
        with self.clock.ago(seconds=(NOW - started).total_seconds()):
            RefreshAttempt.objects.create(
                project=account.project,
                account=account,
                trigger=Trigger.SCHEDULE,
                worker="worker-1",
                generation=count,
                count=count,
                started_at=started,
                finished_at=ended,
                outcome=RefreshOutcome.STORED,
                http_status=200,
            )
        lifetime = every * 1.2
        ConnectedAccount.objects.filter(pk=account.pk).update(
            refreshed_at=ended,
            last_verified_at=ended,
            expires_at=ended + lifetime,
            refresh_at=ended + every,
            grant_generation=count + 1,
        )

    def attempt(
        self,
        account: ConnectedAccount,
        outcome: RefreshOutcome,
        error: str,
        status: int | None,
        **ago: float,
    ) -> None:
        """Have a refresh fail."""
        with self.clock.ago(**ago) as now:
            RefreshAttempt.objects.create(
                project=account.project,
                account=account,
                trigger=Trigger.SCHEDULE,
                worker="worker-1",
                generation=ConnectedAccount.objects.get(pk=account.pk).grant_generation,
                started_at=now,
                finished_at=now + timedelta(milliseconds=412),
                outcome=outcome,
                http_status=status,
                error_code=error,
            )

    def die(self, account: ConnectedAccount, error: str = "invalid_grant", **ago: float) -> None:
        """Have the provider say that the grant is over."""
        self.attempt(account, RefreshOutcome.TERMINAL, error, 400, **ago)
        with self.clock.ago(**ago):
            self.clock.now += timedelta(milliseconds=420)
            account.refresh_from_db()
            lifecycle.move(
                account=account,
                to=Status.EXPIRED,
                reason=Reason.GRANT_REVOKED,
                actor=WORKER,
                cause=f"The provider answered {error}",
                error_code=error,
                now=self.clock.now,
            )


def deliver_everything() -> None:
    """Have every event reach its endpoints at once."""
    for delivery in Delivery.objects.select_related("event"):
        now = delivery.event.occurred_at + timedelta(milliseconds=180)
        DeliveryAttempt.objects.create(
            project_id=delivery.project_id,
            delivery=delivery,
            number=1,
            started_at=now,
            finished_at=now,
            http_status=200,
        )
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.DELIVERED, attempt_count=1, delivered_at=now, next_attempt_at=None
        )


def _tokens(config: AuthConfig) -> TokenSet:
    lifetime = config.catalog_entry.access_token_seconds
    return TokenSet(
        access_token=Secret("access"),
        refresh_token=Secret("refresh") if lifetime else None,
        expires_in=lifetime,
    )
