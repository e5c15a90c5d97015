"""A client is registered anew, and a server is read again, while its accounts live on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations.auth_configs import update_auth_config
from integrations.discovery import (
    AuthorizationServerChanged,
    DiscoveryFailed,
)
from integrations.errors import InvalidInput
from integrations.mcp_servers import rediscover_mcp_server
from integrations.models import AuthConfig, Project
from integrations.models.oauth_clients import app_of
from integrations.registrations import NotRegistered
from integrations.renewing_registrations import renew_registrations
from integrations.reregistering import register_again
from integrations.secrets import Secret
from tests.authorization_server import (
    HELLO,
    ISSUER_METADATA,
    REGISTER,
    RESOURCE_METADATA,
    SelfDescribingServer,
    create_mcp_config,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="Acme Agents")


def test_a_client_is_registered_anew_and_accounts_keep_theirs(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    auth_config.misconfigured_since = timezone.now()
    auth_config.save()
    out = StringIO()
    call_command("auth_configs", "register", auth_config.pk, stdout=out)
    auth_config = AuthConfig.objects.get()
    assert "client-2" in out.getvalue()
    assert (auth_config.client_id, auth_config.misconfigured_since) == ("client-2", None)
    assert app_of(auth_config, "client-1").secret == Secret("secret-1")
    assert app_of(auth_config, "client-2").secret == Secret("secret-2")


def test_the_client_of_before_proves_itself_as_ever(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    register_again(auth_config=auth_config)
    assert auth_config.catalog_entry.client_auth == "client_secret_basic"
    assert app_of(auth_config, "client-1").auth == Secret("client_secret_post")
    assert app_of(auth_config, "client-2").auth is None


def test_a_client_of_the_operators_is_not_registered_anew(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server, client_id="mine")
    with pytest.raises(NotRegistered):
        register_again(auth_config=auth_config)
    with pytest.raises(CommandError, match="did not register"):
        call_command("auth_configs", "register", auth_config.pk)


OWN = "https://connect.acme.example/back"


@pytest.mark.parametrize("own", [OWN, ""])
def test_a_registered_client_gets_another_redirect_uri_by_registering_again(
    project: Project, server: SelfDescribingServer, own: str
) -> None:
    auth_config = create_mcp_config(project, server)
    AuthConfig.objects.update(callback_url="" if own else OWN)
    call_command("auth_configs", "register", auth_config.pk, "--callback-url", own)
    stored = AuthConfig.objects.get()
    assert (stored.client_id, stored.callback_url) == ("client-2", own)
    assert server.sent_to(REGISTER)[-1]["redirect_uris"] == [stored.redirect_uri]


def test_otherwise_its_redirect_uri_stays(project: Project, server: SelfDescribingServer) -> None:
    auth_config = create_mcp_config(project, server)
    with pytest.raises(InvalidInput) as refused:
        update_auth_config(auth_config=auth_config, name="Ours", callback_url=OWN)
    [told] = refused.value.details["fields"]
    assert told["field"] == "callback_url"
    assert f"auth_configs register {auth_config.pk} --callback-url" in told["problem"]
    stored = AuthConfig.objects.get()
    assert (stored.name, stored.callback_url) == ("Notes", "")


def test_a_client_of_ones_own_in_its_place_has_any_redirect_uri(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    secret = Secret("s")
    update_auth_config(
        auth_config=auth_config, client_id="mine", client_secret=secret, callback_url=OWN
    )
    assert AuthConfig.objects.get().redirect_uri == OWN


@pytest.mark.parametrize("url", ["http://connect.acme.example", f"{OWN}?{'x' * 500}"])
def test_nothing_is_registered_with_what_is_no_redirect_uri(
    project: Project, server: SelfDescribingServer, url: str
) -> None:
    auth_config = create_mcp_config(project, server)
    with pytest.raises(CommandError):
        call_command("auth_configs", "register", auth_config.pk, "--callback-url", url)
    assert (server.clients, AuthConfig.objects.get().callback_url) == (1, "")


def test_a_secret_that_ends_soon_is_replaced(
    project: Project, server: SelfDescribingServer
) -> None:
    now = timezone.now()
    server.secret_expires_at = int((now + timedelta(days=10)).timestamp())
    create_mcp_config(project, server)
    assert renew_registrations(now=now + timedelta(days=6)) == 0
    assert renew_registrations(now=now + timedelta(days=8)) == 1
    assert AuthConfig.objects.get().client_id == "client-2"


def test_a_secret_that_never_ends_is_left_alone(
    project: Project, server: SelfDescribingServer
) -> None:
    create_mcp_config(project, server)
    assert renew_registrations(now=timezone.now() + timedelta(days=9999)) == 0


def test_another_authorization_server_is_taken_only_where_it_is_confirmed(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    with SelfDescribingServer().serving() as other:
        server.resource["authorization_servers"] = [other.url]
        with pytest.raises(AuthorizationServerChanged) as failure:
            register_again(auth_config=auth_config)
        assert failure.value.details["issuer"] == other.url
        assert other.clients == 0
        assert AuthConfig.objects.get().catalog_entry.issuer == server.url
        register_again(auth_config=auth_config, confirmed_issuer=other.url)
        assert AuthConfig.objects.get().catalog_entry.token_url == f"{other.url}/token"


def test_a_server_that_asks_for_nothing_any_more_changes_nothing(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    server.reply("POST", "/mcp", HELLO)
    del server.replies["GET", RESOURCE_METADATA]
    with pytest.raises(AuthorizationServerChanged):
        rediscover_mcp_server(auth_config=auth_config)
    assert AuthConfig.objects.get().catalog_entry.issuer == server.url


def test_what_was_changed_by_hand_outlives_a_new_discovery(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    assert auth_config.service is not None
    auth_config.service["name"] = "Our notes"
    auth_config.save()
    server.metadata["token_endpoint"] = f"{server.url}/moved"
    server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    rediscover_mcp_server(auth_config=auth_config)
    toolkit = auth_config.catalog_entry
    assert (toolkit.name, toolkit.token_url) == ("Our notes", f"{server.url}/moved")
    # What the client was registered with stays.
    assert toolkit.client_auth == "client_secret_post"


def test_a_server_that_cannot_be_read_any_more_changes_nothing(
    project: Project, server: SelfDescribingServer
) -> None:
    auth_config = create_mcp_config(project, server)
    server.reply("GET", ISSUER_METADATA, (500, {}, b""))
    with pytest.raises(DiscoveryFailed):
        register_again(auth_config=auth_config)
    assert AuthConfig.objects.get().client_id == "client-1"
