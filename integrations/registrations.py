"""Clients that Evergrant gets itself, and getting another one before one ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from integrations.client_documents import can_serve_documents, client_document_url
from integrations.discovery import (
    ClientNeeded,
    RegisteredClient,
    register_client,
)
from integrations.discovery.toolkit_fields import listed
from integrations.errors import IntegrationsError
from integrations.secrets import Secret

if TYPE_CHECKING:
    from integrations.discovery import McpServer
    from integrations.models import AuthConfig

# Of a secret's life; what is left is for the attempts that fail, and for people to reconnect.
RENEWED_AFTER: Final = 0.7
# Why the callback URL of such a client cannot simply be changed, and how it can.
REGISTERED_WITH_IT: Final = (
    "Evergrant registered the client with the redirect URI that is there now, and the service "
    "sends nobody to another one. Register it again: manage.py auth_configs register {} "
    "--callback-url URL."
)


class NotRegistered(IntegrationsError):
    """Evergrant did not register this auth config's client, so it cannot do so again."""

    code = "not_registered"
    status = 409


@dataclass(frozen=True, kw_only=True)
class NewClient:
    """A client for an auth config.

    Attributes:
        auth: how it proves itself, where that is not the server's choice.
        registration: for `AuthConfig.registration`; None where nobody was asked for it.
    """

    client_id: str
    secret: Secret | None = None
    auth: str = ""
    registration: Secret | None = None


def given_client(client_id: str, secret: Secret | None) -> NewClient:
    """Return the operator's own client. Without a secret it is a public one."""
    return NewClient(client_id=client_id, secret=secret, auth="" if secret else "none")


def find_client(auth_config: AuthConfig, server: McpServer) -> NewClient:
    """Return a client that the server's authorization server takes without an operator.

    Raises:
        ClientNeeded: it takes none.
        RegistrationFailed: it was asked to register one, and did not.
    """
    metadata = server.metadata or {}
    if _takes_documents(metadata):
        return NewClient(client_id=client_document_url(auth_config), auth="none")
    if "registration_endpoint" in metadata:
        return register(auth_config, server)
    problem = (
        "it neither registers clients (RFC 7591) nor takes client id metadata documents from here: "
        f"register a client there with the redirect URI {auth_config.redirect_uri}, and give its id"
    )
    raise ClientNeeded.at(server.issuer, problem)


def register(auth_config: AuthConfig, server: McpServer) -> NewClient:
    """Register a client for ``auth_config``. Raises RegistrationFailed, DiscoveryFailed."""
    registered = register_client(
        server.metadata or {},
        issuer=server.issuer,
        name=auth_config.project.name,
        redirect_uri=auth_config.redirect_uri,
        scopes=auth_config.requested_scopes,
    )
    return NewClient(
        client_id=registered.client_id,
        secret=registered.secret,
        auth=registered.auth,
        registration=_sealed(registered, timezone.now()),
    )


def is_registered(auth_config: AuthConfig) -> bool:
    """Whether Evergrant registered the client that the config has now."""
    kept = _kept(auth_config)
    return bool(kept) and kept["client_id"] == auth_config.client_id


def is_due(auth_config: AuthConfig, *, now: datetime) -> bool:
    """Whether the registered client's secret ends so soon that another one is to be had."""
    kept = _kept(auth_config)
    if not kept.get("client_secret_expires_at") or kept["client_id"] != auth_config.client_id:
        return False
    begins = datetime.fromisoformat(kept["registered_at"])
    ends = datetime.fromisoformat(kept["client_secret_expires_at"])
    return now >= begins + (ends - begins) * RENEWED_AFTER


def _takes_documents(metadata: dict[str, Any]) -> bool:
    return (
        metadata.get("client_id_metadata_document_supported") is True
        # Such a client has no secret.
        and "none" in listed(metadata, "token_endpoint_auth_methods_supported")
        and can_serve_documents()
    )


def _sealed(client: RegisteredClient, now: datetime) -> Secret:
    ends = client.secret_expires_at
    kept = {
        "client_id": client.client_id,
        "registered_at": now.isoformat(),
        "client_secret_expires_at": ends.isoformat() if ends else None,
        **client.management,
    }
    return Secret(json.dumps(kept))


def _kept(auth_config: AuthConfig) -> dict[str, Any]:
    secret: Secret | None = auth_config.registration
    kept: dict[str, Any] = json.loads(secret.reveal()) if secret is not None else {}
    return kept
