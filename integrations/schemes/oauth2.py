"""OAuth 2.0 authorization code with PKCE (RFC 6749, 7636), refresh, and revocation (RFC 7009)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import structlog
from authlib.common.urls import add_params_to_qs, add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.utils import timezone

from integrations import outbound
from integrations.schemes.verdict import (
    Granted,
    RefusalKind,
    Refused,
    Verdict,
    judge_answer,
    judge_failure,
    without_echo,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig
    from integrations.secrets import Secret

log = structlog.get_logger(__name__)

FORM = "application/x-www-form-urlencoded"
# RFC 6749, A.2: a client secret is printable ASCII. Another one cannot be sent in a header.
_UNUSABLE_SECRET = Refused(kind=RefusalKind.CONFIGURATION, error_code="unusable_client_secret")


@dataclass(frozen=True, kw_only=True)
class OAuth2Client:
    """One auth config's client at one toolkit. Prepares, sends and judges; stores nothing."""

    toolkit: Toolkit
    client_id: str
    client_secret: Secret | None
    authorization_parameters: Mapping[str, str]
    token_parameters: Mapping[str, str]

    @classmethod
    def of(cls, auth_config: AuthConfig) -> Self:
        """Return the client that ``auth_config`` describes. Opens no secret yet."""
        return cls(
            toolkit=auth_config.catalog_entry,
            client_id=auth_config.client_id,
            client_secret=auth_config.client_secret,
            authorization_parameters=auth_config.authorization_parameters,
            token_parameters=auth_config.token_parameters,
        )

    def authorization_url(
        self,
        *,
        redirect_uri: str,
        scopes: list[str],
        state: str,
        code_verifier: Secret | None,
        nonce: str = "",
    ) -> str:
        """Return the provider's page to send the person to (RFC 6749, 4.1.1)."""
        extra = dict(self.toolkit.authorization_parameters) | dict(self.authorization_parameters)
        if code_verifier is not None:
            extra["code_challenge"] = create_s256_code_challenge(code_verifier.reveal())
            extra["code_challenge_method"] = "S256"
        if nonce:
            extra["nonce"] = nonce
        url = prepare_grant_uri(
            self.toolkit.authorization_url,
            self.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=self.toolkit.scope_separator.join(scopes),
            state=state,
        )
        return str(add_params_to_uri(url, list(extra.items())))

    def exchange_code(
        self, *, code: Secret, redirect_uri: str, code_verifier: Secret | None
    ) -> Verdict:
        """Trade the authorization code for tokens (RFC 6749, 4.1.3). Called once per code."""
        return self._token_call(
            grant_type="authorization_code",
            code=code.reveal(),
            redirect_uri=redirect_uri,
            code_verifier=code_verifier.reveal() if code_verifier else None,
        )

    def refresh(self, *, refresh_token: Secret, ends_at: float = math.inf) -> Verdict:
        """Trade the refresh token for new tokens (RFC 6749, 6). Never sent twice from here.

        Args:
            ends_at: on the monotonic clock: nothing is sent or waited for after that.
        """
        limits = replace(outbound.LIMITS[outbound.Role.TOKEN], ends_at=ends_at)
        verdict = self._token_call(
            grant_type="refresh_token", limits=limits, refresh_token=refresh_token.reveal()
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

    def revoke(self, *, token: Secret, hint: str) -> Refused | None:
        """Revoke ``token`` at the provider (RFC 7009).

        Returns None when the provider confirmed it (or knew the token no more), else why not.
        """
        if self.toolkit.revocation_url is None:
            return Refused(kind=RefusalKind.TERMINAL, error_code="revocation_unsupported")
        secret = self._secret()
        if not secret.isascii():
            return _UNUSABLE_SECRET
        body, _ = prepare_revoke_token_request(token.reveal(), hint)
        try:
            response = self._post(
                self.toolkit.revocation_url, body, secret=secret, role=outbound.Role.REVOCATION
            )
        except outbound.OutboundError as error:
            return judge_failure(error)
        if 200 <= response.status < 300 and not self._refuses(response):
            return None
        verdict = self._judge(response)
        if isinstance(verdict, Granted) or verdict.kind is RefusalKind.TERMINAL:
            # A grant that is dead already is what was asked for.
            return None
        return verdict

    def _token_call(
        self, *, grant_type: str, limits: outbound.Limits | None = None, **parameters: str | None
    ) -> Verdict:
        secret = self._secret()
        if not secret.isascii():
            return _UNUSABLE_SECRET
        body = prepare_token_request(grant_type, **parameters)
        body = add_params_to_qs(body, list(self.token_parameters.items()))
        try:
            response = self._post(
                self.toolkit.token_url,
                body,
                secret=secret,
                role=outbound.Role.TOKEN,
                limits=limits,
                # A refresh whose outcome is unknown is made again; a code's exchange never is.
                repeatable=grant_type == "refresh_token",
            )
        except outbound.OutboundError as error:
            return judge_failure(error)
        sent = [value for value in parameters.values() if value]
        renewing = grant_type == "refresh_token"
        return without_echo(self._judge(response, renewing=renewing), [*sent, secret])

    def _judge(self, response: outbound.Response, *, renewing: bool = False) -> Verdict:
        return judge_answer(response, self.toolkit, renewing=renewing, now=timezone.now())

    def _refuses(self, response: outbound.Response) -> bool:
        """Whether a success of HTTP says in its body that it is none; an empty one does not."""
        try:
            return self.toolkit.is_refusal(response.json())
        except outbound.MalformedBody:
            return False

    def _post(
        self,
        url: str,
        body: str,
        *,
        secret: str,
        role: outbound.Role,
        limits: outbound.Limits | None = None,
        repeatable: bool = False,
    ) -> outbound.Response:
        method = self.toolkit.client_auth if secret else "none"
        auth = ClientAuth(self.client_id, secret, method)
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        url, headers, body = auth.prepare("POST", url, headers, body)
        return outbound.send(
            role=role,
            method="POST",
            url=url,
            headers=headers,
            content=body.encode(),
            limits=limits,
            repeatable=repeatable,
        )

    def _secret(self) -> str:
        return self.client_secret.reveal() if self.client_secret is not None else ""
