"""What a token request has to look like, by the toolkit's file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt

from integrations.catalog import TokenTrade, Toolkit
from tests.conformance.credentials import filled
from tests.conformance.provider import address
from tests.conformance.server import FORM, Request
from tests.conformance.trips import CLIENT_ID, CLIENT_SECRET, rsa_key

JSON = "application/json"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check_token_request(
    request: Request,
    toolkit: Toolkit,
    expected: Mapping[str, str],
    *,
    url: str,
    client_id: str = CLIENT_ID,
    client_secret: str = CLIENT_SECRET,
) -> None:
    """Assert that ``request`` holds ``expected``, the client's proof, and nothing else."""
    headers = {"accept": JSON} | {n.lower(): v for n, v in toolkit.token_headers.items()}
    assert headers.items() <= request.headers.items()
    assert request.url == address(url)
    fields = sent_with(request, toolkit)
    proof = _Proof(client_id=client_id, client_secret=client_secret, audience=url)
    proof.take(request, fields, toolkit)
    names: Mapping[Any, str] = toolkit.token_parameter_names
    own = {names.get(name, name): value for name, value in expected.items()}
    assert fields == own | toolkit.token_parameters


def sent_with(request: Request, toolkit: Toolkit) -> dict[str, Any]:
    """Return the parameters, asserting that they are sent as the file says and no other way."""
    if toolkit.token_request == "query":
        assert (request.method, request.body) == ("GET", b"")
        assert len(dict(request.query)) == len(request.query), "a parameter comes twice"
        return dict(request.query)
    assert request.method == "POST"
    as_json = toolkit.token_request == "json"
    assert request.headers["content-type"] == (JSON if as_json else FORM)
    return dict(request.fields)


def renewal_url(toolkit: Toolkit) -> str:
    """Return where a grant is renewed."""
    if toolkit.self_renewal:
        return toolkit.self_renewal.url
    return toolkit.refresh_url or toolkit.token_url


def check_trade(request: Request, trade: TokenTrade, *, access_token: str) -> None:
    """Assert that ``request`` trades ``access_token`` as the file says, and holds nothing else."""
    values = {
        "access_token": access_token,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    sent = dict(request.query) if trade.method == "GET" else dict(request.fields)
    assert (request.method, request.url) == (trade.method, address(trade.url))
    assert sent == {name: filled(text, values) for name, text in trade.parameters.items()}
    assert "authorization" not in request.headers
    if trade.method == "GET":
        assert request.body == b""


def claims_of(assertion: str) -> dict[str, Any]:
    """Return what a JWT claims that the session's key has signed. Raises where it has not."""
    return jwt.decode(assertion, rsa_key(), algorithms=["RS256"]).claims


@dataclass(frozen=True, kw_only=True)
class _Proof:
    client_id: str
    client_secret: str
    audience: str

    def take(self, request: Request, fields: dict[str, Any], toolkit: Toolkit) -> None:
        """Take the client's proof out of ``fields``, asserting that it is the toolkit's one way."""
        if toolkit.client_auth == "client_secret_basic":
            pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            assert request.headers["authorization"] == f"Basic {pair}"
            return
        if toolkit.client_auth == "client_secret_as_username":
            pair = base64.b64encode(f"{self.client_secret}:".encode()).decode()
            assert request.headers["authorization"] == f"Basic {pair}"
            return
        assert "authorization" not in request.headers
        names: dict[Any, str] = {"client_id": toolkit.client_id_parameter}
        names |= toolkit.token_parameter_names
        assert fields.pop(names["client_id"]) == self.client_id
        if toolkit.client_auth == "client_secret_post":
            assert fields.pop(names.get("client_secret", "client_secret")) == self.client_secret
        elif toolkit.client_auth == "private_key_jwt":
            self._take_assertion(fields)

    def _take_assertion(self, fields: dict[str, Any]) -> None:
        assert fields.pop("client_assertion_type") == ASSERTION_TYPE
        claims = claims_of(fields.pop("client_assertion"))
        whose = (claims["iss"], claims["sub"], claims["aud"])
        assert whose == (self.client_id, self.client_id, self.audience)
