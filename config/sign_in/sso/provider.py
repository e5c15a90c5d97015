"""The identity provider that the settings name, as allauth's OpenID Connect has it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.urls import reverse

from config.sign_in.sso.claims import read_claims

if TYPE_CHECKING:
    from django.http import HttpRequest

PROVIDER: Final = "sso"
_ENDPOINTS: Final = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint")


def single_sign_on(request: HttpRequest) -> SingleSignOn | None:
    """Return the provider; None where the settings name none."""
    if not settings.SSO_ISSUER:
        return None
    app = SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=PROVIDER,
        name=settings.SSO_NAME,
        client_id=settings.SSO_CLIENT_ID,
        secret=settings.SSO_CLIENT_SECRET,
        settings={
            "server_url": settings.SSO_ISSUER,
            "oauth_pkce_enabled": True,
            "scope": settings.SSO_SCOPES,
        },
    )
    return SingleSignOn(request, app=app)


class SingleSignOnAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The provider's endpoints, checked."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the provider's configuration.

        Raises:
            OAuth2Error: it cannot be fetched, lacks an endpoint, or is another issuer's (OpenID
                Connect Discovery, 4.3).
        """
        try:
            found: dict[str, Any] = super().openid_config
        except AttributeError:
            # JSON, but no object.
            raise OAuth2Error("incomplete_configuration") from None
        if not all(isinstance(found.get(name), str) for name in _ENDPOINTS):
            raise OAuth2Error("incomplete_configuration")
        if found["issuer"].rstrip("/") != settings.SSO_ISSUER.rstrip("/"):
            raise OAuth2Error("another_issuer")
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the redirect URI that is registered there."""
        return f"{settings.BASE_URL}{reverse('sso_callback')}"

    def complete_login(self, *args: Any, **kwargs: Any) -> Any:
        """Return who came. Raises OAuth2Error: token and user information are of two people."""
        try:
            return super().complete_login(*args, **kwargs)
        except (KeyError, TypeError, ValueError, AttributeError):
            # Of claims in a shape that no provider should send; the error would quote them.
            raise OAuth2Error("malformed_claims") from None


class SingleSignOn(OpenIDConnectProvider):  # type: ignore[misc]
    """OpenID Connect where nothing of a request decides about anything."""

    oauth2_adapter_class = SingleSignOnAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return what tells a person from all others, at whichever issuer: subjects repeat."""
        claims = read_claims(data)
        return sha256(f"{settings.SSO_ISSUER}\n{claims.subject}".encode()).hexdigest()

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what is kept of the claims: by what a person is recognised."""
        claims = read_claims(data)
        return {"sub": claims.subject, "email": claims.email, "iss": settings.SSO_ISSUER}

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> Any:
        """Return the sign-in, with its claims for `config.sign_in.sso.adapter`."""
        login = super().sociallogin_from_response(request, response)
        login.claims = read_claims(response)
        return login

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Return where to go afterwards; allauth would take scopes and parameters as well."""
        next_url = get_next_redirect_url(request)
        target = {"next_url": next_url} if next_url else {}
        return {"process": AuthProcess.LOGIN, **target}
