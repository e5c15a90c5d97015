"""How allauth is fitted to the sandbox: keys from the database, no mail, scopes in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.private_keys import filter_keys
from allauth.idp.oidc.models import PrivateKey

from integrations.sandbox import runtime
from integrations.sandbox.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is untyped
    """Accounts by username and e-mail address. No mail is ever sent."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing: the sandbox has no mail server and no page that needs one."""


class ProviderAdapter(DefaultOIDCAdapter):  # type: ignore[misc] # allauth is untyped
    """The OpenID provider's identity, claims and metadata."""

    scope_display = {name: text.title for name, text in SCOPES.items()}

    def list_private_keys(self, **states: Any) -> list[PrivateKey]:
        """Return the one signing key, which the sandbox keeps in its database."""
        keys: list[PrivateKey] = filter_keys(
            [PrivateKey(pem=runtime.current().signing_pem)], **states
        )
        return keys

    def get_claims(
        self,
        purpose: str,
        user: User,
        client: Client,
        scopes: Iterable[str],
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return allauth's claims, with the username as name where the profile has none."""
        claims: dict[str, Any] = super().get_claims(purpose, user, client, scopes, **kwargs)
        if "profile" in scopes:
            claims.setdefault("name", user.get_username())
        return claims

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        """Say what this provider really offers (RFC 8414, RFC 9207)."""
        del data["device_authorization_endpoint"]
        data["grant_types_supported"] = ["authorization_code", "refresh_token"]
        data["response_types_supported"] = ["code"]
        data["scopes_supported"] = list(SCOPES)
        data["revocation_endpoint_auth_methods_supported"] = data[
            "token_endpoint_auth_methods_supported"
        ]
        data["authorization_response_iss_parameter_supported"] = True
