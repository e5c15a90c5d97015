"""How many calls may begin: caps, rates, and clients that their provider refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.refresh import gate
from integrations.models import AuthConfig


@pytest.fixture(autouse=True)
def _fresh_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have breakers looked at each time, as a second later."""
    monkeypatch.setattr(gate, "MOST_SECONDS_OLD", -1.0)


@pytest.mark.django_db
def test_no_client_gets_more_than_its_cap(auth_config: AuthConfig) -> None:
    mine = gate.Gate()
    [most] = mine.shares([auth_config.pk], free=500, now=timezone.now()).values()
    assert most == auth_config.catalog_entry.calls.client_concurrency
    for number in range(most):
        mine.begin(f"call {number}", auth_config)
    assert mine.shares([auth_config.pk], free=500, now=timezone.now()) == {}
    mine.end(["call 0"])
    assert mine.shares([auth_config.pk], free=500, now=timezone.now()) == {auth_config.pk: 1}


@pytest.mark.django_db
def test_a_call_that_never_ended_is_not_counted_for_ever(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = gate.Gate()
    monkeypatch.setattr(gate, "LONGEST_SECONDS", 0.0)
    [most] = mine.shares([auth_config.pk], free=500, now=timezone.now()).values()
    for number in range(most):
        mine.begin(f"call {number}", auth_config)
    assert mine.shares([auth_config.pk], free=500, now=timezone.now()) == {auth_config.pk: most}


@pytest.mark.django_db
@pytest.mark.parametrize(("as_client", "most"), [(True, 0), (False, 128)])
def test_a_client_that_its_provider_refuses_makes_no_calls_of_its_own(
    auth_config: AuthConfig, as_client: bool, most: int
) -> None:
    now = timezone.now()
    AuthConfig.objects.update(
        misconfigured_since=now, calls_blocked_until=now + timedelta(minutes=1)
    )
    shares = gate.Gate(as_client=as_client).shares([auth_config.pk], free=500, now=now)
    assert sum(shares.values()) == most


@pytest.mark.fault(12)
@pytest.mark.django_db
def test_a_clock_that_is_ahead_ends_no_block(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    auth_config.mark_misconfigured(error="e", pause=timedelta(minutes=1), now=ahead)
    assert gate.Gate().shares([auth_config.pk], free=8, now=ahead) == {}
    monkeypatch.undo()
    [blocked_until] = AuthConfig.objects.values_list("calls_blocked_until", flat=True)
    assert blocked_until is not None
    assert blocked_until < timezone.now() + timedelta(minutes=2)


@pytest.mark.django_db
def test_two_clients_of_one_endpoint_stay_under_its_cap_together(auth_config: AuthConfig) -> None:
    one, other = (
        AuthConfig.objects.create(
            project=auth_config.project, name="Code", toolkit="github", client_id=client
        )
        for client in "ab"
    )
    shares = gate.Gate().shares([one.pk, other.pk], free=500, now=timezone.now())
    assert sum(shares.values()) == one.catalog_entry.calls.endpoint_concurrency


@pytest.mark.django_db
def test_caps_are_shared_out_among_the_workers(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "live_workers", lambda: 4)
    [most] = gate.Gate().shares([auth_config.pk], free=500, now=timezone.now()).values()
    assert most == auth_config.catalog_entry.calls.client_concurrency // 4


@pytest.mark.django_db
def test_a_provider_with_a_rate_is_called_no_more_often(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = auth_config.catalog_entry.model_copy(
        update={
            "calls": auth_config.catalog_entry.calls.model_copy(update={"client_per_second": 3.0})
        }
    )
    monkeypatch.setattr(AuthConfig, "catalog_entry", slow)
    mine = gate.Gate()
    assert mine.shares([auth_config.pk], free=500, now=timezone.now()) == {auth_config.pk: 3}
    for _ in range(3):
        mine.begin("call", auth_config)
        mine.end(["call"])
    assert mine.shares([auth_config.pk], free=500, now=timezone.now()) == {}
