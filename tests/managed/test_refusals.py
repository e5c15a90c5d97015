"""The provider refuses an app of the instance: its operator is told, and every project."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.errors import RefreshUnavailable
from connections.models import Breaker, ConnectedAccount
from connections.refresh.gate import Gate
from integrations.auth_configs import update_auth_config
from integrations.managed_apps import rotate_managed_app
from integrations.models import AuthConfig, ManagedApp
from integrations.secrets import Secret
from tests.managed.tenants import Tenant, refresh, tenant
from tests.provider import Answer, ScriptedProvider, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=401, json={"error": "invalid_client"})


def refused(account: ConnectedAccount, provider: ScriptedProvider, answer: Answer) -> None:
    """Refresh ``account``, whose token has run out, and be refused."""
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    provider.answer_tokens(answer)
    with pytest.raises(RefreshUnavailable):
        refresh(account)


def told() -> list[tuple[str, str]]:
    """Return which project was told of which auth config."""
    events = Event.objects.filter(type=EventType.MISCONFIGURED).order_by("sequence")
    return [(event.project.name, event.subject_id) for event in events.select_related("project")]


def fresh(app: ManagedApp) -> ManagedApp:
    return ManagedApp.objects.get(pk=app.pk)


def shares(*tenants: Tenant, free: int = 10) -> dict[str, int]:
    """Return how many calls may begin for each, by the name of its project."""
    names = {each.config.pk: each.project.name for each in tenants}
    found = Gate().shares(list(names), free=free, now=timezone.now())
    return {names[pk]: share for pk, share in found.items()}


def test_a_refused_app_is_marked_once_and_every_project_told(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    accounts = [ours.account(), theirs.account()]
    refused(accounts[0], provider, REFUSED)
    assert fresh(app).misconfigured_error == "invalid_client"
    since = fresh(app).misconfigured_since
    expected = [("Ours", ours.config.pk), ("Theirs", theirs.config.pk)]
    assert sorted(told()) == expected
    ManagedApp.objects.update(calls_blocked_until=None)
    refused(accounts[1], provider, REFUSED)
    assert sorted(told()) == expected
    assert fresh(app).misconfigured_since == since


def test_its_calls_stop_for_all_projects(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    assert set(shares(ours, theirs)) == {"Ours", "Theirs"}
    refused(ours.account(), provider, REFUSED)
    assert shares(ours, theirs) == {}


def test_after_the_pause_one_call_goes_as_a_trial_for_all_of_them(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    refused(ours.account(), provider, REFUSED)
    ManagedApp.objects.update(calls_blocked_until=timezone.now() - timedelta(seconds=1))
    assert sum(shares(ours, theirs).values()) == 1


def test_a_custom_config_at_the_same_provider_goes_on(
    ours: Tenant, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    refused(ours.account(), provider, REFUSED)
    assert set(shares(Tenant(auth_config.project, auth_config))) == {"Acme Agents"}


def test_a_success_of_any_project_takes_it_back_for_all(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    accounts = [ours.account(), theirs.account()]
    refused(accounts[0], provider, REFUSED)
    ManagedApp.objects.update(calls_blocked_until=None)
    provider.answer_tokens(tokens())
    refresh(accounts[1])
    assert fresh(app).misconfigured_since is None
    assert not AuthConfig.objects.filter(misconfigured_since__isnull=False).exists()


def test_a_new_secret_lets_calls_be_made_at_once(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    refused(ours.account(), provider, REFUSED)
    rotate_managed_app(app=fresh(app), client_secret=Secret("s2"))
    assert set(shares(ours, theirs)) == {"Ours", "Theirs"}
    assert not AuthConfig.objects.filter(misconfigured_since__isnull=False).exists()


def test_scopes_that_one_config_chose_wrongly_stop_that_one_only(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    refused(ours.account(), provider, Answer(status=400, json={"error": "invalid_scope"}))
    assert fresh(app).misconfigured_since is None
    assert told() == [("Ours", ours.config.pk)]
    assert set(shares(ours, theirs)) == {"Theirs"}


def test_ones_own_fault_stays_when_the_app_works_for_others(
    ours: Tenant, theirs: Tenant, provider: ScriptedProvider
) -> None:
    refused(ours.account(), provider, Answer(status=400, json={"error": "invalid_scope"}))
    refused(theirs.account(), provider, REFUSED)
    ManagedApp.objects.update(calls_blocked_until=None)
    provider.answer_tokens(tokens())
    refresh(theirs.account("bob"))
    [still] = AuthConfig.objects.filter(misconfigured_since__isnull=False)
    assert (still.pk, still.misconfigured_error) == (ours.config.pk, "invalid_scope")


def test_a_client_of_before_that_is_refused_stops_nobody(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    account = ours.account()
    rotate_managed_app(app=app, client_id="another", client_secret=Secret("t1"))
    refused(account, provider, REFUSED)
    assert fresh(app).misconfigured_since is None
    assert told() == []
    assert shares(ours, theirs) == {"Ours": 5, "Theirs": 5}


def test_a_success_of_a_client_of_before_takes_nothing_back(
    ours: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    account = ours.account()
    rotate_managed_app(app=app, client_id="another", client_secret=Secret("t1"))
    refused(ours.account("bob"), provider, REFUSED)
    ManagedApp.objects.update(calls_blocked_until=None)
    provider.answer_tokens(tokens())
    refresh(account)
    assert fresh(app).misconfigured_error == "invalid_client"
    assert fresh(app).configuration_failures == 0


def test_a_refusal_at_an_address_of_the_accounts_own_stops_nobody_else(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    account = ours.account()
    ConnectedAccount.objects.update(parameters={"tenant": "gone"})
    refused(account, provider, REFUSED)
    assert fresh(app).misconfigured_error == "invalid_client"
    assert told() == [("Ours", ours.config.pk)]
    assert set(shares(ours, theirs)) == {"Theirs"}


def test_a_limit_of_calls_counts_for_the_client_whichever_project_called(
    ours: Tenant, theirs: Tenant, app: ManagedApp, provider: ScriptedProvider
) -> None:
    limited = Answer(status=429, json={"error": "slow_down"}, headers={"Retry-After": "60"})
    refused(ours.account(), provider, limited)
    assert Breaker.objects.get(pk=app.pk).opened_at is not None
    assert shares(ours, theirs) == {}


def test_the_cap_of_calls_at_once_is_shared(
    ours: Tenant, theirs: Tenant, app: ManagedApp, auth_config: AuthConfig
) -> None:
    alone = shares(Tenant(auth_config.project, auth_config), free=1000)
    both = shares(ours, theirs, free=1000)
    assert sum(both.values()) == sum(alone.values())


def test_token_parameters_of_a_projects_own_are_no_part_of_it(ours: Tenant) -> None:
    """They could have the client refused, and so stop everybody's calls."""
    with pytest.raises(Exception, match="not valid") as refusal:
        update_auth_config(auth_config=ours.config, token_parameters={"client_assertion": "x"})
    [problem] = refusal.value.details["fields"]  # type: ignore[attr-defined]
    assert problem["field"] == "token_parameters"
    assert tenant("Third", ours.config.client_holder).config.token_parameters == {}  # type: ignore[arg-type]
