"""OAuth 1.0a (RFC 5849): every call is signed with the client's and the token's secret."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from authlib.common.urls import add_params_to_uri
from authlib.oauth1 import ClientAuth

from integrations import outbound
from integrations.models.oauth_clients import app_of
from integrations.schemes.base import Scheme
from integrations.schemes.revoking import revoke
from integrations.schemes.token_call import Client
from integrations.schemes.token_response import UNSAFE_IN_HEADER, TokenSet
from integrations.schemes.verdict import Granted, RefusalKind, Refused, Verdict, judge_failure
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig

# By this name the token's secret stands among the parts of the credentials.
TOKEN_SECRET: Final = "token_secret"  # noqa: S105 - a name
# RFC 5849, 3.2: what is wrong with the client's signature, and not with the person's grant.
_CLIENT_FAULTS: Final = frozenset({400, 401})


class Signing(outbound.AuthBase):
    """Signs a request (RFC 5849, 3.4), in its Authorization header."""

    def __init__(self, signer: ClientAuth) -> None:
        self._signer = signer

    def __call__(self, request: Any) -> Any:
        _, headers, _ = self._signer.prepare(
            request.method, request.url, dict(request.headers), request.body
        )
        request.headers.update(headers)
        return request


@dataclass(frozen=True, kw_only=True, repr=False)
class RequestToken:
    """Temporary credentials (RFC 5849, 2.1), and the page to send the person to with them."""

    secret: Secret
    token: Secret
    url: str


@dataclass(frozen=True, kw_only=True)
class OAuth1Client(Scheme):
    """One auth config's client at one toolkit."""

    toolkit: Toolkit
    client_id: str
    client_secret: Secret | None
    authorization_parameters: Mapping[str, str]

    @classmethod
    def of(
        cls, auth_config: AuthConfig, toolkit: Toolkit | None = None, *, client_id: str = ""
    ) -> Self:
        """Return the client that ``auth_config`` describes; as `OAuth2Client.of`."""
        app = app_of(auth_config, client_id)
        return cls(
            toolkit=toolkit or auth_config.catalog_entry,
            client_id=app.client_id,
            client_secret=app.secret,
            authorization_parameters=auth_config.sent_at_authorization,
        )

    def begin(self, *, callback_url: str, scopes: list[str]) -> RequestToken | Refused:
        """Ask for temporary credentials, with which the person is sent to the provider."""
        answer = self._ask(self.toolkit.request_token_url or "", self._sign(callback=callback_url))
        if isinstance(answer, Refused):
            return answer
        token, secret = answer
        extra = dict(self.toolkit.authorization_parameters) | dict(self.authorization_parameters)
        if scopes:
            extra[self.toolkit.scope_parameter] = self.toolkit.scope_separator.join(scopes)
        query = [("oauth_token", token), *extra.items()]
        url = str(add_params_to_uri(self.toolkit.authorization_url, query))
        return RequestToken(secret=Secret(secret), token=Secret(token), url=url)

    def exchange_verifier(
        self, *, token: Secret, token_secret: Secret, verifier: Secret
    ) -> Verdict:
        """Trade temporary credentials for those of the grant (RFC 5849, 2.3). Called once."""
        auth = self._sign(
            token=token.reveal(), token_secret=token_secret.reveal(), verifier=verifier.reveal()
        )
        answer = self._ask(self.toolkit.token_url, auth)
        if isinstance(answer, Refused):
            return answer
        access_token, secret = answer
        tokens = TokenSet(
            access_token=Secret(access_token),
            token_type="oauth1",  # noqa: S106 - a name
            expires_in=math.inf,
            fields={TOKEN_SECRET: Secret(secret)},
        )
        return Granted(tokens=tokens, http_status=200)

    def auth(self, tokens: TokenSet) -> outbound.AuthBase:
        parts = tokens.parts()
        return self._sign(token=parts["access_token"], token_secret=parts[TOKEN_SECRET])

    def revoke(self, *, tokens: TokenSet) -> Refused | None:
        client = Client(
            toolkit=self.toolkit,
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_parameters={},
        )
        return revoke(client=client, auth=self.auth(tokens), tokens=tokens)

    def _sign(
        self,
        *,
        token: str | None = None,
        token_secret: str | None = None,
        callback: str | None = None,
        verifier: str | None = None,
    ) -> outbound.AuthBase:
        secret = self.client_secret.reveal() if self.client_secret is not None else ""
        signer = ClientAuth(
            self.client_id,
            client_secret=secret,
            token=token,
            token_secret=token_secret,
            redirect_uri=callback,
            verifier=verifier,
        )
        return Signing(signer)

    def _ask(self, url: str, auth: outbound.AuthBase) -> tuple[str, str] | Refused:
        """Return the token and its secret that ``url`` answers with, form-encoded (RFC 5849, 2)."""
        try:
            response = outbound.send(
                role=outbound.Role.TOKEN,
                method="POST",
                url=url,
                headers={"Accept": "*/*"},
                auth=auth,
            )
        except outbound.OutboundError as error:
            return judge_failure(error)
        if response.status != 200:
            at_fault = response.status in _CLIENT_FAULTS
            kind = RefusalKind.CONFIGURATION if at_fault else RefusalKind.TRANSIENT
            code = f"http_{response.status}"
            return Refused(kind=kind, error_code=code, http_status=response.status)
        found = dict(parse_qsl(response.body.decode("utf-8", "replace")))
        pair = found.get("oauth_token", ""), found.get("oauth_token_secret", "")
        if not all(pair) or any(map(UNSAFE_IN_HEADER.search, pair)):
            return Refused(
                kind=RefusalKind.TRANSIENT, error_code="malformed_token", http_status=200
            )
        return pair
