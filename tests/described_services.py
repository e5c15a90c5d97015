"""Services that an auth config describes: one with OAuth 2, and one with API keys."""

from __future__ import annotations

from typing import Any

from integrations.auth_configs import create_auth_config
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.provider import REVOKE_PATH, TOKEN_PATH, USERINFO_PATH

ME = "/v1/me"


def oauth_service(url: str, **changes: Any) -> dict[str, Any]:
    """Return the description of a service at ``url`` that speaks OAuth 2."""
    usual = {
        "name": "House CRM",
        "base_url": f"{url}/v1",
        "authorization_url": f"{url}/authorize",
        "token_url": f"{url}{TOKEN_PATH}",
        "revocation_url": f"{url}{REVOKE_PATH}",
        "client_auth": "client_secret_post",
        "default_scopes": ["notes:read"],
        "identity": {
            "url": f"{url}{USERINFO_PATH}",
            "id_path": "sub",
            "label_paths": ["email"],
        },
    }
    return usual | changes


def key_service(url: str, **changes: Any) -> dict[str, Any]:
    """Return the description of a service at ``url`` that takes API keys."""
    form = {
        "scheme": "api_key",
        "fields": [{"name": "api_key", "label": "API key", "pattern": "sk-[a-z0-9]+"}],
        "apply": {"headers": {"X-Api-Key": "{api_key}"}},
    }
    identity = {"url": f"{url}{ME}", "id_path": "id", "label_paths": ["email"]}
    usual = {
        "name": "House Meters",
        "base_url": f"{url}/v1",
        "keys": [form],
        "identity": identity,
    }
    return usual | changes


def create_described(project: Project, service: dict[str, Any], **changes: Any) -> AuthConfig:
    """Return a new auth config for the described service; with a client, where it is OAuth."""
    client = {"client_id": "client", "client_secret": Secret("client-s3cret")}
    given: dict[str, Any] = client if "token_url" in service else {}
    whole = {"name": "Ours", "service": service} | given | changes
    return create_auth_config(project=project, **whole)
