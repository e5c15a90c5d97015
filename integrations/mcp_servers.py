"""Auth configs for MCP servers, which say themselves how to authenticate at them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.catalog import slugs
from integrations.discovery import AuthorizationServerChanged, McpServer, discover_mcp_server
from integrations.errors import InvalidInput
from integrations.models import AuthConfig
from integrations.models.auth_config import Scheme
from integrations.registrations import NewClient, find_client, given_client

if TYPE_CHECKING:
    from integrations.models import Project
    from integrations.secrets import Secret

LONGEST_NAME: Final = 60
LONGEST_SLUG: Final = 64
# What the client is decides this, and not what the server would like best.
_OF_THE_CLIENT: Final = frozenset({"client_auth"})


def create_mcp_auth_config(
    *,
    project: Project,
    name: str,
    server_url: str,
    client_id: str = "",
    client_secret: Secret | None = None,
    scopes: list[str] | None = None,
) -> AuthConfig:
    """Create an auth config of ``project`` for the MCP server at ``server_url``.

    Where the server asks for OAuth, its client is the given one, else one by a client id metadata
    document, else one that is registered now. Where it asks for nothing, the scheme is no_auth.

    Args:
        client_id, client_secret: of a client that the operator registered at the server's
            authorization server.
        scopes: to be asked for; None: those that the server names.

    Raises:
        DiscoveryFailed: the server cannot be used; see `integrations.discovery`.
        ClientNeeded: its authorization server takes no client by itself.
        RegistrationFailed: it did not register one.
        InvalidInput: name or URL are too long, or what is given does not fit together.
    """
    auth_config = AuthConfig(
        project=project, name=name, service_url=server_url, scopes=scopes or []
    )
    # A client is registered for nothing that cannot be stored.
    _check(auth_config, fields={"name", "service_url", "scopes"})
    server = discover_mcp_server(server_url)
    auth_config.toolkit = _free_slug(project, server_url)
    auth_config.scheme = Scheme.OAUTH2 if server.metadata else Scheme.NO_AUTH
    auth_config.optional_scopes = server.optional_scopes
    auth_config.discovered = _facts(server)
    auth_config.service = dict(auth_config.discovered)
    if client_id:
        _take(auth_config, given_client(client_id, client_secret))
    elif server.metadata:
        _take(auth_config, find_client(auth_config, server))
    _check(auth_config)
    auth_config.save(force_insert=True)
    return auth_config


def rediscover_mcp_server(*, auth_config: AuthConfig, confirmed_issuer: str = "") -> McpServer:
    """Take over what the MCP server says of itself now, and return it.

    What was changed by hand stays. So does the authorization server: those who are connected have
    refresh tokens, and another server would get them.

    Args:
        confirmed_issuer: the other authorization server, where the operator wants it all the same.

    Raises:
        AuthorizationServerChanged: it names another one than before; ``details.issuer`` is it.
        DiscoveryFailed: it cannot be used any more. Nothing is changed.
    """
    server = discover_mcp_server(auth_config.service_url)
    _check_issuer(auth_config, server, confirmed_issuer)
    with transaction.atomic():
        locked = AuthConfig.objects.select_for_update(of=("self",)).get(pk=auth_config.pk)
        locked.service = _merged(locked, _facts(server))
        locked.discovered = _facts(server)
        locked.save(update_fields=["service", "discovered", "updated_at"])
    auth_config.refresh_from_db()
    return server


def _check_issuer(auth_config: AuthConfig, server: McpServer, confirmed: str) -> None:
    """Refuse another authorization server than before, unless it is the confirmed one.

    Whether there is one at all cannot change: that is another scheme.
    """
    known, named = (auth_config.service or {}).get("issuer") or "", server.issuer
    if named == known or (known and named and named == confirmed):
        return
    problem = f"it names {named or 'no authorization server'}, and before it was {known or 'none'}"
    raise AuthorizationServerChanged(
        f"{auth_config.service_url}: {problem}",
        url=auth_config.service_url,
        problem=problem,
        issuer=named,
        tried=[{"url": auth_config.service_url, "problem": problem}],
    )


def is_mcp_server(auth_config: AuthConfig) -> bool:
    """Whether the config was made for an MCP server; `integrations.described` makes the others."""
    discovered = auth_config.discovered or {}
    return bool(auth_config.service_url) and discovered.get("base_url") == auth_config.service_url


def _take(auth_config: AuthConfig, client: NewClient) -> None:
    auth_config.client_id, auth_config.client_secret = client.client_id, client.secret
    auth_config.registration = client.registration
    if client.auth and auth_config.service is not None:
        auth_config.service["client_auth"] = client.auth


def _facts(server: McpServer) -> dict[str, Any]:
    """Return the fields of a toolkit file for the server."""
    host = urlsplit(server.url).hostname or server.url
    told = " ".join("".join(sign if sign.isprintable() else " " for sign in server.name).split())
    facts = {
        "name": told[:LONGEST_NAME] or host,
        "description": f"The MCP server at {host}.",
        "category": "ai",
        "base_url": server.url,
    }
    if server.metadata:
        return facts | server.fields
    return facts | {"keys": [{"scheme": "no_auth", "apply": {}}]}


def _merged(auth_config: AuthConfig, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the service with new facts, but for what was given by hand or is the client's."""
    service, before = auth_config.service or {}, auth_config.discovered or {}
    own = {name for name, value in service.items() if before.get(name) != value} | _OF_THE_CLIENT
    kept = {name: value for name, value in service.items() if name in own}
    return facts | kept


def _free_slug(project: Project, server_url: str) -> str:
    """Return a name for the service: by its host, and by its whole URL where that is taken."""
    host = urlsplit(server_url).hostname or ""
    slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[: LONGEST_SLUG - 9] or "mcp"
    others = AuthConfig.objects.filter(project=project, toolkit=slug)
    if slug in slugs() or others.exclude(service_url=server_url).exists():
        return f"{slug}-{hashlib.sha256(server_url.encode()).hexdigest()[:8]}"
    return slug


def _check(auth_config: AuthConfig, fields: set[str] | None = None) -> None:
    """Refuse what cannot be stored. Raises InvalidInput."""
    try:
        if fields is None:
            auth_config.full_clean()
        else:
            every = {field.name for field in AuthConfig._meta.fields}
            auth_config.clean_fields(exclude=every - fields)
    except ValidationError as error:
        wrong = [
            {"field": field, "problem": " ".join(messages)}
            for field, messages in error.message_dict.items()
        ]
        raise InvalidInput(fields=wrong) from None
