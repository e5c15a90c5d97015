"""Takes accounts whose proof is due. The lease is that the proof is due again a minute later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction

from connections.models import Credentials, Status, Trigger
from connections.probing import queries
from connections.probing.endpoint import gate
from connections.probing.finding import Probe
from connections.probing.retry import next_proof
from connections.refresh.claim import claim_account
from connections.refresh.gate import admits, note_claim
from connections.refresh.queries import select_credentials
from integrations.models import AuthConfig
from integrations.outbound import LIMITS, Role
from integrations.secrets.field import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)
AFTER_A_SURPRISE: Final = timedelta(hours=1)
# A token that ends while it is being asked about would pass for a dead one.
LIFE_WORTH_ASKING: Final = timedelta(seconds=LIMITS[Role.IDENTITY].deadline)


def claim_due(*, limit: int, now: datetime, limits: Mapping[str, int] | None = None) -> list[Probe]:
    """Claim up to ``limit`` accounts whose proof is due, the longest waiting first.

    Args:
        limits: how many to take of which auth config at the most; without it, as many as the
            providers' caps and breakers allow.
    """
    if limits is None:
        due = queries.due_configs(now=now)
        limits = gate.shares(due, free=limit, now=now) if due else {}
    if not limits:
        return []
    with transaction.atomic():
        rows = queries.select_due(limits=limits, now=now)[:limit]
        probes = _take(rows, now) if rows else []
    ready = [_with_renewal(probe, now) if probe.lost else probe for probe in probes]
    claimed = [probe for probe in ready if probe is not None]
    for probe in claimed:
        gate.begin(probe.account_id, probe.auth_config)
    for config_id in limits:
        gate.give_back(config_id)
    return claimed


def claim_one(*, account_id: str, now: datetime) -> Probe | None:
    """Claim an ACTIVE account, whether its proof is due or not.

    Returns None where somebody is refreshing it or has its row, and where there is nothing to ask
    about: see `_unasked`.
    """
    with transaction.atomic():
        rows = queries.select_one(account_id=account_id)
        if not rows:
            return None
        configs = AuthConfig.objects.select_related("managed_app")
        by_id = configs.in_bulk([row["auth_config_id"] for row in rows])
        stored = select_credentials([account_id])
        # The schedule stays as it is where nothing is asked.
        if list(_unasked(rows, by_id, stored, now)):
            return None
        (probe,) = _take(rows, now)
    gate.begin(probe.account_id, probe.auth_config)
    return probe


def _take(rows: list[dict[str, Any]], now: datetime) -> list[Probe]:
    with_apps = AuthConfig.objects.select_related("managed_app")
    configs = with_apps.in_bulk({row["auth_config_id"] for row in rows})
    # A statement of its own, so that it sees what was committed before the locks were granted.
    stored = select_credentials([row["id"] for row in rows])
    unasked = dict(_unasked(rows, configs, stored, now))
    leases: dict[str, datetime | None] = {row["id"]: now + LEASE for row in rows}
    queries.postpone(leases | unasked, asked=leases.keys() - unasked.keys(), now=now)
    return [
        _probe(row, configs[row["auth_config_id"]], *stored[row["id"]])
        for row in rows
        if row["id"] not in unasked
    ]


def _unasked(
    rows: list[dict[str, Any]],
    configs: Mapping[str, AuthConfig],
    stored: Mapping[str, object],
    now: datetime,
) -> Iterable[tuple[str, datetime | None]]:
    """Yield accounts that there is nothing to ask about now, and when to look again, if ever."""
    for row in rows:
        try:
            yield from _looked_at_later(row, configs[row["auth_config_id"]], stored, now)
        except Exception:
            # One account's surprise must not keep the others waiting.
            log.exception("probe_not_claimed", connected_account_id=row["id"])
            yield row["id"], now + AFTER_A_SURPRISE


def _looked_at_later(
    row: Mapping[str, Any], auth_config: AuthConfig, stored: Mapping[str, object], now: datetime
) -> Iterable[tuple[str, datetime | None]]:
    toolkit = auth_config.catalog_entry
    ends_at = row["expires_at"]
    if row["id"] not in stored:
        # Breaks an invariant, and must not keep the others waiting.
        log.error("active_without_credentials", connected_account_id=row["id"])
        yield row["id"], None
    elif row["status"] == Status.EXPIRED:
        # A refresh proves it, which needs neither a living token nor an identity call.
        return
    elif toolkit.identity is None:
        yield row["id"], None
    elif ends_at is not None and ends_at <= now + LIFE_WORTH_ASKING:
        # The refresh that is due proves it or ends it.
        yield row["id"], next_proof(every_seconds=toolkit.probe.every_seconds, now=now)


def _probe(row: Mapping[str, Any], auth_config: AuthConfig, generation: int, payload: str) -> Probe:
    return Probe(
        account_id=row["id"],
        toolkit=row["toolkit"],
        auth_config=auth_config,
        parameters=json.loads(row["parameters"]),
        oauth_client_id=row["oauth_client_id"],
        credentials=Credentials(
            account_id=row["id"],
            project_id=row["project_id"],
            generation=generation,
            payload=Sealed(payload),
        ),
        lost=row["status"] == Status.EXPIRED,
        identity_id=row["identity_id"],
        failures=row["probe_failures"],
        refused_before=row["refused_generation"] == generation,
    )


def _with_renewal(probe: Probe, now: datetime) -> Probe | None:
    """Return ``probe`` with the refresh that proves found tokens; None where it cannot be made.

    It is claimed like every refresh: alone, with what it is written down before the call.
    """
    if not admits(probe.auth_config.pk):
        return None
    claim = claim_account(
        account_id=probe.account_id,
        generation=probe.generation,
        trigger=Trigger.SCHEDULE,
        now=now,
    )
    note_claim(probe.auth_config.pk, claim)
    return replace(probe, renewal=claim) if claim is not None else None
