"""One call to a token endpoint: client authentication, how it is sent, what the answer means."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from django.utils import timezone

from integrations import outbound
from integrations.schemes.assertions import CLIENT_ASSERTION_TYPE, UnusableKey, sign
from integrations.schemes.verdict import (
    RefusalKind,
    Refused,
    Verdict,
    judge_answer,
    judge_failure,
    without_echo,
)
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from integrations.catalog import Toolkit
    from integrations.catalog.toolkit import TokenRequest

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
# RFC 6749, A.2: a client secret is printable ASCII. Another one cannot be sent in a header.
UNUSABLE_SECRET = Refused(
    kind=RefusalKind.CONFIGURATION, error_code="unusable_client_secret", client_refused=True
)
Answer = TypeVar("Answer", bound=Verdict | None)


def _refuses_client(verdict: Verdict | None) -> bool:
    """Whether it is the client that is refused, by the rule that the answer fits.

    Its code does not tell: each provider has words of its own for a wrong secret, and the same one
    may end a grant (Atlassian's unauthorized_client).
    """
    return isinstance(verdict, Refused) and verdict.client_refused


class UnusableSecret(Exception):
    """The client secret cannot be sent, or signs nothing."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """An OAuth client as its provider knows it, and how it proves that it is that one."""

    toolkit: Toolkit
    client_id: str
    client_secret: Secret | None
    token_parameters: Mapping[str, str]
    # A JSON list of texts: tried, in order, where the provider refuses the client.
    older_secrets: Secret | None = None

    def get_tokens(
        self,
        url: str,
        parameters: Mapping[str, str | None],
        *,
        limits: outbound.Limits | None = None,
        renewing: bool = False,
        repeatable: bool = False,
    ) -> Verdict:
        """Ask ``url`` for tokens and judge what it says.

        Args:
            renewing: whether an earlier token is spent by it; see `judge_answer`.
            repeatable: whether the caller makes the call again where its outcome is unknown.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        extra = dict(self.toolkit.token_parameters) | dict(self.token_parameters)
        return self.with_each_secret(
            lambda client: client._get_tokens(  # noqa: SLF001 - its own class
                url, given, extra, limits=limits, renewing=renewing, repeatable=repeatable
            )
        )

    def with_each_secret(self, call: Callable[[Client], Answer]) -> Answer:
        """Return what ``call`` returns with the newest secret of which the client is not refused.

        With an older one only where it is the client that was refused, which has spent nothing.
        Where all are, the answer to the oldest.
        """
        answer = call(self)
        older = self._with_older_secrets()
        while _refuses_client(answer) and (client := next(older, None)) is not None:
            answer = call(client)
        return answer

    def _with_older_secrets(self) -> Iterator[Client]:
        """Yield this client with each of its older secrets, opened once the first was refused."""
        if self.older_secrets is not None:
            for text in json.loads(self.older_secrets.reveal()):
                yield replace(self, client_secret=Secret(text), older_secrets=None)

    def _get_tokens(
        self,
        url: str,
        given: Mapping[str, str],
        extra: Mapping[str, str],
        *,
        limits: outbound.Limits | None,
        renewing: bool,
        repeatable: bool,
    ) -> Verdict:
        try:
            response = self.send(
                url,
                {**given, **extra},
                role=outbound.Role.TOKEN,
                headers=self.toolkit.token_headers,
                shape=self.toolkit.token_request,
                limits=limits,
                repeatable=repeatable,
            )
        except UnusableSecret:
            return UNUSABLE_SECRET
        except outbound.OutboundError as error:
            return judge_failure(error)
        verdict = judge_answer(response, self.toolkit, renewing=renewing, now=timezone.now())
        # The grant type is no secret, and part of many a code: invalid_refresh_token.
        sent = [value for name, value in given.items() if name != "grant_type"]
        return without_echo(verdict, [*sent, self.secret_text()])

    def send(
        self,
        url: str,
        parameters: Mapping[str, str],
        *,
        role: outbound.Role,
        headers: Mapping[str, str],
        shape: TokenRequest = "form",
        limits: outbound.Limits | None = None,
        repeatable: bool = False,
    ) -> outbound.Response:
        """Send ``parameters`` with the client's proof (RFC 6749, 2.3; RFC 7523, 2.2).

        Raises:
            UnusableSecret: there is no way to send it.
            OutboundError: there was no answer.
        """
        fields, sent = self._proven(url, parameters, {"Accept": JSON} | dict(headers))
        fields = self.toolkit.under_its_names(fields)
        content = None
        if shape == "query":
            url = str(add_params_to_uri(url, list(fields.items())))
        else:
            sent["Content-Type"] = JSON if shape == "json" else FORM
            content = (json.dumps(fields) if shape == "json" else urlencode(fields)).encode()
        return outbound.send(
            role=role,
            method="GET" if shape == "query" else "POST",
            url=url,
            headers=sent,
            content=content,
            limits=limits,
            repeatable=repeatable,
        )

    def _proven(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return parameters and headers with the client's proof. Raises UnusableSecret."""
        secret = self.secret_text()
        proof = self.toolkit.client_auth if secret else "none"
        fields, sent = dict(parameters), dict(headers)
        if proof == "private_key_jwt":
            fields |= self._assertion(url, secret)
        elif not secret.isascii():
            raise UnusableSecret
        elif proof == "client_secret_basic":
            # Authlib's other methods write into a form only.
            _, sent, _ = ClientAuth(self.client_id, secret, proof).prepare("POST", url, sent, "")
        elif proof == "client_secret_as_username":
            basic = ClientAuth(secret, "", "client_secret_basic")
            _, sent, _ = basic.prepare("POST", url, sent, "")
        else:
            fields |= {"client_id": self.client_id} if self.client_id else {}
            fields |= {"client_secret": secret} if proof == "client_secret_post" else {}
        return fields, sent

    def secret_text(self) -> str:
        """Return the client secret, to send it or to look for it in what came back."""
        return self.client_secret.reveal() if self.client_secret is not None else ""

    def _assertion(self, url: str, private_key: str) -> dict[str, str]:
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": url}
        try:
            assertion = sign(private_key, claims=claims)
        except UnusableKey:
            raise UnusableSecret from None
        return {
            "client_id": self.client_id,
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": assertion,
        }
