"""OAuth 2.0 authorization code with PKCE (RFC 6749, 7636), refresh, and revocation (RFC 7009)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import structlog
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from integrations import outbound
from integrations.models.oauth_clients import app_of
from integrations.schemes.base import AppliedAuth, Scheme
from integrations.schemes.revoking import revoke
from integrations.schemes.token_call import Client
from integrations.schemes.token_trades import lengthen, renew
from integrations.schemes.verdict import Granted, RefusalKind, Refused, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig
    from integrations.schemes.token_response import TokenSet
    from integrations.secrets import Secret

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class OAuth2Client(Scheme):
    """One auth config's client at one toolkit.

    ``redirect_uri`` is the one of the consent, which few providers want at a refresh too.
    ``own_auth`` is how a client of before proves itself; empty: as the toolkit says.
    """

    toolkit: Toolkit
    client_id: str
    client_secret: Secret | None
    authorization_parameters: Mapping[str, str]
    token_parameters: Mapping[str, str]
    redirect_uri: str = ""
    older_secrets: Secret | None = None
    own_auth: Secret | None = None

    @classmethod
    def of(
        cls,
        auth_config: AuthConfig,
        toolkit: Toolkit | None = None,
        *,
        client_id: str = "",
        redirect_uri: str = "",
    ) -> Self:
        """Return the client that ``auth_config`` describes. Opens no secret yet.

        Args:
            toolkit: with an account's parameters filled in; without any where None.
            client_id: under which the account's grant was given; empty: the present one.
            redirect_uri: to which its consent led back; empty: the present one.
        """
        app = app_of(auth_config, client_id)
        return cls(
            toolkit=toolkit or auth_config.catalog_entry,
            client_id=app.client_id,
            client_secret=app.secret,
            older_secrets=app.older_secrets,
            own_auth=app.auth,
            authorization_parameters=auth_config.sent_at_authorization,
            token_parameters=auth_config.client_holder.token_parameters,
            redirect_uri=redirect_uri or auth_config.redirect_uri,
        )

    def authorization_url(
        self,
        *,
        redirect_uri: str,
        scopes: list[str],
        state: str,
        code_verifier: Secret | None,
        nonce: str = "",
        ui_locales: str = "",
        another_account: bool = False,
    ) -> str:
        """Return the provider's page to send the person to (RFC 6749, 4.1.1).

        Args:
            nonce, ui_locales: for OpenID only, the latter the language of its pages (OpenID Connect
                Core 1.0, 3.1.2.1). What an auth config says of that goes before.
            another_account: have it ask which account, where the toolkit has a way.
        """
        extra = dict(self.toolkit.authorization_parameters) | dict(self.authorization_parameters)
        if another_account:
            extra |= self.toolkit.account_choice
        if code_verifier is not None:
            extra["code_challenge"] = create_s256_code_challenge(code_verifier.reveal())
            extra["code_challenge_method"] = "S256"
        if nonce:
            extra["nonce"] = nonce
        if ui_locales:
            extra.setdefault("ui_locales", ui_locales)
        query = {
            "response_type": "code",
            self.toolkit.client_id_parameter: self.client_id,
            self.toolkit.redirect_uri_parameter: redirect_uri,
            "state": state,
        }
        if scope := self.toolkit.scope_separator.join(scopes):
            query[self.toolkit.scope_parameter] = scope
        # None may come twice (RFC 6749, 3.1), whatever an auth config adds.
        pairs = list((extra | query).items())
        return str(add_params_to_uri(self.toolkit.authorization_url, pairs))

    def exchange_code(
        self, *, code: Secret, redirect_uri: str, code_verifier: Secret | None
    ) -> Verdict:
        """Trade the authorization code for tokens (RFC 6749, 4.1.3). Called once per code."""
        parameters = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier.reveal() if code_verifier else None,
        }
        verdict = self._client.get_tokens(self.toolkit.token_url, parameters)
        return lengthen(self._client, verdict) if isinstance(verdict, Granted) else verdict

    def refresh(self, *, refresh_token: Secret, ends_at: float = math.inf) -> Verdict:
        """Trade the refresh token for new tokens (RFC 6749, 6). Never sent twice from here."""
        limits = replace(outbound.LIMITS[outbound.Role.TOKEN], ends_at=ends_at)
        if (renewal := self.toolkit.self_renewal) is not None:
            return renew(self._client, renewal, refresh_token, limits=limits)
        parameters = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token.reveal(),
            "redirect_uri": self.redirect_uri if self.toolkit.refresh_needs_redirect_uri else None,
        }
        verdict = self._client.get_tokens(
            self.toolkit.refresh_url or self.toolkit.token_url,
            parameters,
            limits=limits,
            renewing=True,
            # A refresh whose outcome is unknown is made again; a code's exchange never is.
            repeatable=True,
        )
        if not isinstance(verdict, Granted) or not verdict.tokens.unusable:
            return verdict
        log.error("access_token_unusable", toolkit=self.toolkit.slug, why=verdict.tokens.unusable)
        if verdict.tokens.refresh_token == refresh_token:
            # Nothing was rotated, so there is nothing to keep, and the old access token stays.
            return Refused(
                kind=RefusalKind.TRANSIENT,
                error_code="malformed_token",
                http_status=verdict.http_status,
            )
        return verdict

    def auth(self, tokens: TokenSet) -> outbound.AuthBase:
        parts = {"client_id": self.client_id, **tokens.parts()}
        return AppliedAuth(self.toolkit.apply.apply(parts))

    @property
    def revokes_by_access_token(self) -> bool:
        described = self.toolkit.revocation
        return described is not None and described.takes_access_token

    def revoke(self, *, tokens: TokenSet) -> Refused | None:
        return revoke(client=self._client, auth=self.auth(tokens), tokens=tokens)

    @cached_property
    def _client(self) -> Client:
        auth = self.own_auth.reveal() if self.own_auth is not None else ""
        update = {"client_auth": auth} if auth else {}
        return Client(
            toolkit=self.toolkit.model_copy(update=update) if update else self.toolkit,
            client_id=self.client_id,
            client_secret=self.client_secret,
            older_secrets=self.older_secrets,
            token_parameters=self.token_parameters,
        )
