"""What the engine asks of the database for managed configs: no more than for others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import probing
from connections.models import ConnectedAccount, Entity, Trigger
from connections.probing.claim import claim_due as claim_probes
from connections.refresh.claim import claim_due
from connections.refresh.configs import _kept
from connections.refresh.gate import Gate
from connections.refresh.work import call_provider
from connections.revoking import claim_due as claim_revocations
from integrations.ids import new_id
from integrations.models import AuthConfig, ManagedApp
from tests.api.calling import Caller, key_of
from tests.making import connect
from tests.managed.tenants import Tenant, tenant
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db


def due(*configs: AuthConfig, many: int = 3) -> None:
    """Make accounts of each config whose refresh and proof are due."""
    for config in configs:
        for number in range(many):
            user_id = f"user-{number}"
            entity, _ = Entity.objects.get_or_create(project=config.project, user_id=user_id)
            connect(auth_config=config, entity=entity, alias=new_id("x"))
    past = timezone.now() - timedelta(minutes=1)
    later = timezone.now() + timedelta(hours=1)
    ConnectedAccount.objects.update(expires_at=later, refresh_at=past, probe_at=past)


def queries(run: Any) -> int:
    with CaptureQueriesContext(connection) as asked:
        run()
    return len(asked)


def probes() -> list[Any]:
    limits = dict.fromkeys(AuthConfig.objects.values_list("pk", flat=True), 100)
    return list(claim_probes(limit=100, limits=limits, now=timezone.now()))


def claims() -> list[Any]:
    _kept.clear()
    return list(claim_due(limit=100, trigger=Trigger.SCHEDULE, now=timezone.now()))


def released() -> None:
    ConnectedAccount.objects.update(lease_id="", lease_until=None)


@pytest.mark.parametrize("claim", [claims, probes])
def test_claiming_for_many_managed_configs_asks_no_more_than_for_one_of_another_kind(
    auth_config: AuthConfig, app: ManagedApp, claim: Any
) -> None:
    due(auth_config)
    claim()
    released()
    due()
    custom = queries(claim)
    ConnectedAccount.objects.update(refresh_at=None, probe_at=None)
    due(*(tenant(f"T{number}", app).config for number in range(4)))
    ConnectedAccount.objects.filter(auth_config=auth_config).update(refresh_at=None, probe_at=None)
    assert queries(claim) <= custom


def test_the_call_itself_asks_the_database_for_nothing(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    due(ours.config, theirs.config)
    taken = claims()
    assert len(taken) == 6
    assert queries(lambda: [call_provider(claim) for claim in taken]) == 0


def test_neither_do_probes_and_revocations(ours: Tenant, theirs: Tenant) -> None:
    due(ours.config, theirs.config)
    taken = probes()
    assert len(taken) == 6
    assert queries(lambda: [probing.probe(each) for each in taken]) == 0
    assert claim_revocations(limit=5, now=timezone.now()) == []


def test_the_gate_reads_all_of_them_at_once(app: ManagedApp) -> None:
    ids = [tenant(f"T{number}", app).config.pk for number in range(5)]
    gate = Gate()
    gate.shares(ids[:1], free=1, now=timezone.now())
    assert queries(lambda: gate.shares(ids, free=50, now=timezone.now())) == 1


def test_a_list_of_accounts_asks_once(ours: Tenant) -> None:
    due(ours.config, many=1)
    caller = Caller(key_of(ours.project, "read"))
    caller("GET", "/connected_accounts")
    one = queries(lambda: caller("GET", "/connected_accounts"))
    due(ours.config, tenant("More", ours.config.managed_app).config, many=4)  # type: ignore[arg-type]
    assert queries(lambda: caller("GET", "/connected_accounts")) <= one
