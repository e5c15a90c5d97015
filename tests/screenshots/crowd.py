"""Many people with accounts that are well, made in a few statements, and what was done for them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from connections.models import ConnectedAccount, Entity, Reason, RefreshOutcome, Status
from connections.models.tally import AccountTally, RefreshTally
from integrations.models import AuthConfig, Project
from tests.screenshots.clock import NOW, Clock

FIRST: Final = ("alba", "bruno", "carla", "dario", "edda", "felix", "gita", "hugo")
LAST: Final = ("adler", "bauer", "costa", "dahl", "evans", "fabre", "gomez", "hansen")
COUNT: Final = 900
DICE: Final = random.Random(11)  # noqa: S311 - nothing of the demo is a secret


def make_crowd(clock: Clock, configs: list[AuthConfig]) -> None:
    """Make the accounts, a week and more old, and count their refreshes of the last day."""
    names = [
        f"{first}.{last}{number or ''}" for number in range(15) for first in FIRST for last in LAST
    ]
    with clock.ago(days=40):
        made = [_account(name, config) for name, config in _pairs(names[:COUNT], configs)]
        Entity.objects.bulk_create([account.entity for account in made])
        ConnectedAccount.objects.bulk_create(made)
    _count_refreshes(configs)


def long_ago(configs: dict[str, AuthConfig]) -> None:
    """Have what there is been there for longer than a day, but for what happened today."""
    AccountTally.objects.update(hour=None)
    for toolkit, status, failing, since in (
        ("gmail", Status.ACTIVE, False, 11),
        ("hubspot", Status.ACTIVE, True, 1),
        ("salesforce", Status.EXPIRED, False, 3),
        ("gmail", Status.INITIATED, False, 1),
        ("slack", Status.INACTIVE, False, 1),
    ):
        config = configs[toolkit]
        for hour, delta in ((NOW.replace(minute=0), since), (None, -since)):
            AccountTally.objects.create(
                project_id=config.project_id,
                auth_config=config,
                status=status,
                failing=failing,
                hour=hour,
                delta=delta,
            )
    ends = RefreshTally.objects.filter(outcome=RefreshOutcome.TERMINAL).order_by("id")
    for row, minutes in zip(ends, (180, 540, 41), strict=False):
        at = NOW - timedelta(minutes=minutes)
        RefreshTally.objects.filter(pk=row.pk).update(at=at, last_at=at)


def _pairs(names: list[str], configs: list[AuthConfig]) -> Iterator[tuple[str, AuthConfig]]:
    for number, name in enumerate(names):
        yield name, configs[number % len(configs)]


def _account(name: str, config: AuthConfig) -> ConnectedAccount:
    lifetime = config.catalog_entry.access_token_seconds or 86_400
    refreshed = NOW - timedelta(seconds=DICE.uniform(10, lifetime * 0.7))
    project: Project = config.project
    return ConnectedAccount(
        project=project,
        entity=Entity(project=project, user_id=name),
        auth_config=config,
        toolkit=config.toolkit,
        status=Status.ACTIVE,
        status_reason=Reason.CONNECTED,
        status_changed_at=refreshed,
        identity_id=name,
        identity_label=f"{name}@example.com",
        granted_at=NOW - timedelta(days=DICE.uniform(8, 40)),
        refreshed_at=refreshed,
        last_verified_at=refreshed,
        expires_at=refreshed + timedelta(seconds=lifetime),
        refresh_at=refreshed + timedelta(seconds=lifetime * 0.8),
    )


def _count_refreshes(configs: list[AuthConfig]) -> None:
    rows = [
        row
        for minute in range(24 * 60)
        for row in _minute(NOW - timedelta(minutes=minute), configs)
    ]
    RefreshTally.objects.bulk_create(rows)


def _minute(at: datetime, configs: list[AuthConfig]) -> Iterator[RefreshTally]:
    for config in configs:
        lifetime = config.catalog_entry.access_token_seconds
        if not lifetime:
            continue
        share = COUNT / len(configs) / (lifetime * 0.8 / 60)
        down = config.toolkit == "hubspot" and NOW - at < timedelta(minutes=7)
        for outcome, count in (
            (RefreshOutcome.STORED, 0 if down else round(share * DICE.uniform(0.6, 1.4))),
            (RefreshOutcome.TRANSIENT, round(share) if down else int(DICE.random() < 0.02)),
        ):
            if count:
                yield RefreshTally(
                    project_id=config.project_id,
                    auth_config=config,
                    at=at.replace(second=0),
                    outcome=outcome,
                    count=count,
                    last_at=at,
                )
