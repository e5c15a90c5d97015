"""Auth configs whose issuer says how it is used, and says so again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.auth_configs import (
    create_auth_config,
    rediscover_auth_config,
    update_auth_config,
)
from integrations.described.errors import IssuerChanged, NothingToDiscover
from integrations.discovery import DiscoveryFailed
from integrations.errors import InvalidInput
from integrations.models import AuthConfig, Project
from tests.authorization_server import SelfDescribingServer
from tests.described_services import create_described, oauth_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(settings: Settings) -> Project:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    return Project.objects.create(name="Acme")


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


def discovered(project: Project, server: SelfDescribingServer, **changes: Any) -> AuthConfig:
    given = {"name": "House login", "client_id": "client", "issuer_url": server.url} | changes
    return create_auth_config(project=project, **given)


def test_an_issuer_tells_what_is_needed(project: Project, server: SelfDescribingServer) -> None:
    config = discovered(project, server)
    kit = config.catalog_entry
    assert (kit.token_url, kit.authorization_url) == (
        f"{server.url}/token",
        f"{server.url}/authorize",
    )
    assert (config.toolkit, config.toolkit_name) == ("house-login", "House login")
    assert (config.service_url, kit.issuer) == (server.url, server.url)


def test_what_is_given_goes_over_what_is_found(
    project: Project, server: SelfDescribingServer
) -> None:
    given = {"name": "House CRM", "base_url": f"{server.url}/api", "default_scopes": ["all"]}
    kit = discovered(project, server, service=given).catalog_entry
    assert (kit.name, kit.base_url, kit.default_scopes) == (
        "House CRM",
        f"{server.url}/api",
        ["all"],
    )
    assert kit.token_url == f"{server.url}/token"


def test_single_fields_of_the_identity_go_over_what_is_found(
    project: Project, server: SelfDescribingServer
) -> None:
    server.metadata |= {
        "scopes_supported": ["openid"],
        "userinfo_endpoint": f"{server.url}/userinfo",
    }
    config = discovered(project, server, service={"identity": {"id_path": "uid"}})
    assert config.whole_toolkit.identity is not None
    assert config.whole_toolkit.identity.url == f"{server.url}/userinfo"
    server.metadata["userinfo_endpoint"] = f"{server.url}/me"
    identity = rediscover_auth_config(auth_config=config).whole_toolkit.identity
    assert identity is not None
    assert (identity.url, identity.id_path) == (f"{server.url}/me", ("uid",))


def test_discovering_again_keeps_what_was_given(
    project: Project, server: SelfDescribingServer
) -> None:
    config = discovered(project, server, service={"default_scopes": ["all"]})
    server.metadata["token_endpoint"] = f"{server.url}/new/token"
    rediscover_auth_config(auth_config=config)
    kit = AuthConfig.objects.get().catalog_entry
    assert (kit.token_url, kit.default_scopes) == (f"{server.url}/new/token", ["all"])


def test_a_new_description_goes_over_what_was_found(
    project: Project, server: SelfDescribingServer
) -> None:
    config = discovered(project, server, service={"default_scopes": ["all"]})
    update_auth_config(auth_config=config, service={"base_url": f"{server.url}/api"})
    kit = AuthConfig.objects.get().catalog_entry
    assert (kit.token_url, kit.base_url) == (f"{server.url}/token", f"{server.url}/api")
    assert kit.default_scopes == []


def test_another_issuer_is_refused(project: Project, server: SelfDescribingServer) -> None:
    config = discovered(project, server)
    server.metadata["issuer"] = "https://other.example"
    with pytest.raises(DiscoveryFailed):
        rediscover_auth_config(auth_config=config)
    assert AuthConfig.objects.get().catalog_entry.issuer == server.url


def test_an_issuer_that_was_found_under_another_name_is_refused(
    project: Project, server: SelfDescribingServer
) -> None:
    config = discovered(project, server)
    config.discovered = (config.discovered or {}) | {"issuer": "https://other.example"}
    with pytest.raises(IssuerChanged):
        rediscover_auth_config(auth_config=config)


def test_what_was_not_discovered_is_not_discovered_again(project: Project) -> None:
    config = create_described(project, oauth_service("http://127.0.0.1:9"))
    with pytest.raises(NothingToDiscover):
        rediscover_auth_config(auth_config=config)


@pytest.mark.parametrize("url", ["https://10.0.0.1", "https://169.254.169.254", "nonsense"])
def test_an_issuer_that_may_not_be_called_is_refused(project: Project, url: str) -> None:
    with pytest.raises(DiscoveryFailed):
        create_auth_config(project=project, name="x", client_id="x", issuer_url=url)
    assert not AuthConfig.objects.exists()


def test_an_issuers_url_has_a_limit(project: Project) -> None:
    with pytest.raises(InvalidInput):
        create_auth_config(
            project=project, name="x", client_id="x", issuer_url="https://x.example/" + "x" * 500
        )
