"""The document by which an authorization server gets to know Evergrant without registering it.

OAuth Client ID Metadata Document: the client id is the address of a public JSON document that says
who the client is. One for each auth config, as each has a redirect URI of its own.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from integrations import outbound
from integrations.discovery.registration import CODE_GRANT
from integrations.errors import NotFound
from integrations.models import AuthConfig


def client_document_url(auth_config: AuthConfig) -> str:
    """Return where its document is served, which is its client id where it uses one."""
    return f"{settings.BASE_URL}/connect/client/{auth_config.pk}.json"


def can_serve_documents() -> bool:
    """Whether authorization servers elsewhere can read documents here: https, and public."""
    if not settings.BASE_URL.startswith("https://"):
        return False
    try:
        outbound.vet_url(settings.BASE_URL)
    except outbound.OutboundError:
        return False
    return not _is_local(urlsplit(settings.BASE_URL).hostname or "")


def read_client_document(*, auth_config_id: str) -> dict[str, Any]:
    """Return the document of an auth config that uses one. Raises NotFound."""
    auth_config = AuthConfig.objects.select_related("project").filter(pk=auth_config_id).first()
    if auth_config is None or auth_config.client_id != client_document_url(auth_config):
        raise NotFound
    return {
        "client_id": auth_config.client_id,
        "client_name": auth_config.project.name,
        "client_uri": settings.BASE_URL,
        "redirect_uris": [auth_config.redirect_uri],
        "token_endpoint_auth_method": "none",
        **CODE_GRANT,
    }


def _is_local(host: str) -> bool:
    """Whether the host is this machine; `outbound` may have been told to allow that."""
    if "." not in host and ":" not in host:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".localhost", ".local", ".internal"))
