"""What breakers are named by: one name for an origin, and none by which a project stops others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Breaker, ConnectedAccount, Credentials, Entity, RefreshAttempt
from connections.refresh import endpoints, refresh_due
from connections.refresh.endpoints import endpoint_of, origin_of
from connections.refresh.gate import Gate
from integrations.models import AuthConfig, Project
from tests.described_services import create_described, oauth_service
from tests.making import connect
from tests.provider import TOKEN_PATH, Answer, ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)

DOWN = Answer(status=503, json={}, headers={"Retry-After": "3600"})
GITHUB = "https://github.com"
ROOM = Breaker._meta.get_field("endpoint").max_length


def catalog_config(project: Project, toolkit: str = "github") -> AuthConfig:
    return AuthConfig.objects.create(project=project, name="Ours", toolkit=toolkit, client_id="c")


def named(project: Project, url: str) -> str:
    """Return the name of calls to a URL that the catalog has."""
    return origin_of(AuthConfig(project=project, toolkit="github", client_id="c"), lambda _: url)


def due(auth_config: AuthConfig, number: int = 1) -> list[ConnectedAccount]:
    past = timezone.now() - timedelta(minutes=1)
    entity, _ = Entity.objects.get_or_create(project=auth_config.project, user_id="many")
    made = [
        connect(auth_config=auth_config, entity=entity, alias=f"{auth_config.pk} {each}")
        for each in range(number)
    ]
    ConnectedAccount.objects.filter(pk__in=[account.pk for account in made]).update(
        expires_at=past, refresh_at=past
    )
    return made


def with_long_port(provider: ScriptedProvider) -> str:
    """Return the provider's URL in a way that no column has room for."""
    host, _, port = provider.url.rpartition(":")
    return f"{host}:{'0' * 300}{port}"


def hostile_config(project: Project, provider: ScriptedProvider) -> AuthConfig:
    """Return a config whose token endpoint has a long name and is out of order."""
    provider.answer("/down", Answer(status=500, json={}))
    service = oauth_service(provider.url, token_url=f"{with_long_port(provider)}/down")
    return create_described(project, service)


@pytest.mark.parametrize("url", ["https://GitHub.com:0443/x", "https://github.com:443?y"])
def test_an_origin_has_one_name_however_it_is_written(project: Project, url: str) -> None:
    assert named(project, url) == GITHUB


@pytest.mark.parametrize("url", [f"https://{'a.' * 120}example/", f"https://{{shop}}.{'b' * 999}"])
def test_a_name_fits_its_column_whatever_the_address(project: Project, url: str) -> None:
    name = named(project, url)
    assert ROOM is not None
    assert len(f"{name} (identity)") <= ROOM
    assert "://" in name


def test_long_names_that_begin_alike_differ(project: Project) -> None:
    start = f"https://{'a.' * 120}"
    assert named(project, f"{start}b/") != named(project, f"{start}c/")


def test_the_address_that_refreshes_is_the_one_that_counts(project: Project) -> None:
    assert endpoint_of(catalog_config(project, "instagram")) == "https://graph.instagram.com"


def test_who_only_says_which_tenant_shares_the_breaker_of_the_host(project: Project) -> None:
    assert endpoint_of(catalog_config(project, "outlook")) == "https://login.microsoftonline.com"


def test_a_token_url_of_any_length_stops_nobody_elses_refreshes(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    [theirs] = due(hostile_config(auth_config.project, provider))
    [mine] = due(auth_config)
    refresh_due()
    assert Credentials.objects.get(pk=mine.pk).generation == 2
    assert RefreshAttempt.objects.get(account=theirs).error_code == "http_500"


def test_an_endpoint_that_cannot_be_noted_keeps_no_answer_from_being_stored(
    auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "_shortened", lambda origin: origin + "x" * 300)
    [theirs] = due(hostile_config(auth_config.project, provider))
    [mine] = due(auth_config)
    refresh_due()
    assert Credentials.objects.get(pk=mine.pk).generation == 2
    assert RefreshAttempt.objects.get(account=theirs).error_code == "http_500"


def test_a_described_service_opens_no_breaker_of_the_provider_that_it_names(
    project: Project, provider: ScriptedProvider
) -> None:
    described = oauth_service(provider.url, refresh_url=f"{provider.url}{TOKEN_PATH}")
    config = create_described(project, described)
    config.service = (config.service or {}) | {"token_url": f"{GITHUB}/login/oauth/access_token"}
    config.save()
    provider.answer_tokens(DOWN)
    due(config, 5)
    refresh_due()
    opened = Breaker.objects.exclude(opened_at=None).values_list("pk", flat=True)
    assert list(opened) == [f"{provider.url} ({config.pk})"]
    neighbour = catalog_config(project)
    assert Gate().shares([neighbour.pk], free=8, now=timezone.now()) == {neighbour.pk: 8}


def test_neither_does_who_gives_a_host_as_a_parameter(auth_config: AuthConfig) -> None:
    other = AuthConfig.objects.create(
        project=auth_config.project,
        name="Elsewhere",
        toolkit="sandbox",
        client_id="other",
        parameters=auth_config.parameters,
    )
    assert endpoint_of(auth_config) == f"{auth_config.parameters['base_url']} ({auth_config.pk})"
    assert endpoint_of(other) != endpoint_of(auth_config)
