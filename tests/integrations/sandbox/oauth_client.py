"""A small OAuth client with requests, as strict and as plain as the tests need it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from tests.sandbox_process import CLIENT_ID, sign_up_and_consent

if TYPE_CHECKING:
    from tests.sandbox_process import SandboxProcess

CALLBACK = "http://127.0.0.1:9/callback"
SCOPES = "openid profile email notes:read offline_access"
# A cut answer shows as either, depending on whether the headers still came through.
CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_people = itertools.count(1)


@dataclass
class Person:
    """Somebody new at the provider, with a browser session of her own."""

    username: str = field(default_factory=lambda: f"person{next(_people)}{secrets.token_hex(3)}")
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def email(self) -> str:
        """Return her e-mail address."""
        return f"{self.username}@example.org"


class OAuthClient:
    """The demo client of one sandbox."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.auth = (CLIENT_ID, sandbox.client_secret)
        self.verifier = secrets.token_urlsafe(48)

    def authorize_url(self, **changed: str) -> str:
        """Return an authorization URL with PKCE (S256) and a state."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": SCOPES,
            "state": "a state",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.sandbox.url}/identity/o/authorize?{urlencode(query | changed)}"

    def consent(self, person: Person, *, without: tuple[str, ...] = (), **changed: str) -> str:
        """Let ``person`` sign up where needed and allow. Return the code."""
        location = sign_up_and_consent(
            person.session,
            self.authorize_url(**changed),
            person.username,
            person.email,
            without=without,
        )
        return parse_qs(urlsplit(location).query)["code"][0]

    def exchange(self, code: str, **changed: str) -> requests.Response:
        """Exchange ``code`` at the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.post("token", form | changed)

    def connect(self, person: Person | None = None) -> dict[str, Any]:
        """Go through the whole flow and return the token answer."""
        answer = self.exchange(self.consent(person or Person()))
        answer.raise_for_status()
        tokens: dict[str, Any] = answer.json()
        return tokens

    def refresh(self, refresh_token: str) -> requests.Response:
        """Present ``refresh_token``."""
        return self.post("token", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, token: str, **more: str) -> requests.Response:
        """Revoke ``token`` by RFC 7009."""
        return self.post("revoke", {"token": token} | more)

    def userinfo(self, access_token: str) -> requests.Response:
        """Ask whose token it is."""
        return requests.get(
            f"{self.sandbox.url}/identity/o/api/userinfo",
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=30,
        )

    def works(self, tokens: dict[str, Any]) -> bool:
        """Return whether the access token of ``tokens`` is accepted."""
        return self.userinfo(tokens["access_token"]).status_code == 200

    def post(self, endpoint: str, form: dict[str, str]) -> requests.Response:
        """POST ``form`` to an API endpoint with the client's credentials (HTTP Basic)."""
        url = f"{self.sandbox.url}/identity/o/api/{endpoint}"
        return requests.post(url, data=form, auth=self.auth, timeout=30)
