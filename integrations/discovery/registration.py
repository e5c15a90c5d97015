"""Registers Evergrant as a client at an authorization server (RFC 7591)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from integrations import outbound
from integrations.discovery.addresses import vetted
from integrations.discovery.errors import RegistrationFailed, quoted
from integrations.discovery.fetching import JSON, NoDocument, call, json_object
from integrations.discovery.toolkit_fields import CLIENT_AUTH, client_auth
from integrations.secrets import Secret

CODE_GRANT: Final = {
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
}
LONGEST: Final = 500


@dataclass(frozen=True, kw_only=True)
class RegisteredClient:
    """A client as the server registered it.

    Attributes:
        secret: None for a public client.
        auth: how it proves itself at the token endpoint, by the server's word.
        secret_expires_at: None: never.
        management: address and token by which the server lets it be changed (RFC 7592); may be
            empty.
    """

    client_id: str
    secret: Secret | None
    auth: str
    secret_expires_at: datetime | None
    management: dict[str, str] = field(default_factory=dict, repr=False)


def register_client(
    metadata: dict[str, Any], *, issuer: str, name: str, redirect_uri: str, scopes: list[str]
) -> RegisteredClient:
    """Register a client for the code grant with refreshing, and return it.

    Args:
        metadata: the server's own, with a registration endpoint.
        name: shown to people on the server's consent page.

    Raises:
        RegistrationFailed: the server refused, in whose words; or its answer is of no use.
        DiscoveryFailed: the endpoint may not be called, or could not be.
    """
    url = vetted(metadata, "registration_endpoint", source=issuer)
    if url is None:
        raise RegistrationFailed.at(issuer, "it names no registration_endpoint")
    auth = client_auth(metadata, issuer=issuer)
    if auth == "private_key_jwt":
        raise RegistrationFailed.at(url, "it takes clients that sign only, which need a key")
    asked: dict[str, Any] = {
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": auth,
        **CODE_GRANT,
    }
    return _read(_register(url, asked, scopes), url=url, asked=asked)


def _register(url: str, asked: dict[str, Any], scopes: list[str]) -> dict[str, Any]:
    """Register with the scopes that will be asked for, as some servers grant a client no others.

    Others refuse them here because they are the resource's and not their own; so a second time
    nothing is said of scopes.
    """
    try:
        return _post(url, asked | ({"scope": " ".join(scopes)} if scopes else {}))
    except RegistrationFailed as error:
        if not scopes or "invalid_client_metadata" not in error.message:
            raise
    return _post(url, asked)


def _post(url: str, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        response = call(method="POST", url=url, headers={"Accept": JSON}, json=asked)
        if response.status in {200, 201}:
            return json_object(response)
    except NoDocument as error:
        raise RegistrationFailed.at(url, error.problem) from None
    raise RegistrationFailed.at(url, _refusal(response))


def _refusal(response: outbound.Response) -> str:
    """Return the server's own words (RFC 7591, 3.2.2). It was sent no secret to repeat."""
    told = f"it refuses to register a client (status {response.status})"
    try:
        body = json_object(response)
    except NoDocument:
        return told
    words = [body.get(name) for name in ("error", "error_description")]
    said = ": ".join(word for word in words if isinstance(word, str) and word)
    return f"{told}: {quoted(said)}" if said else told


def _read(answer: dict[str, Any], *, url: str, asked: dict[str, Any]) -> RegisteredClient:
    client_id, secret = answer.get("client_id"), answer.get("client_secret")
    if not _is_sendable(client_id) or not isinstance(client_id, str):
        raise RegistrationFailed.at(url, "its answer has no client_id that can be used")
    if secret is not None and not _is_sendable(secret):
        raise RegistrationFailed.at(url, "its answer has a client_secret that cannot be sent")
    # The server may have changed what was asked for (RFC 7591, 3.2.1).
    auth = answer.get("token_endpoint_auth_method", asked["token_endpoint_auth_method"])
    if auth not in CLIENT_AUTH or (auth != "none" and secret is None):
        raise RegistrationFailed.at(
            url, f"the client it made cannot authenticate by {quoted(auth)}"
        )
    uris = answer.get("redirect_uris", asked["redirect_uris"])
    if not isinstance(uris, list) or asked["redirect_uris"][0] not in uris:
        raise RegistrationFailed.at(url, "the client it made has another redirect URI")
    return RegisteredClient(
        client_id=client_id,
        secret=None if auth == "none" or secret is None else Secret(secret),
        auth=auth,
        secret_expires_at=None if auth == "none" else _moment(answer),
        management=_management(answer),
    )


def _is_sendable(text: object) -> bool:
    """Whether a client id or secret is printable ASCII (RFC 6749, A.1 and A.2), not overlong."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        return False
    return text.isascii() and text.isprintable()


def _moment(answer: dict[str, Any]) -> datetime | None:
    """Return when the secret ends; 0 says never."""
    seconds = answer.get("client_secret_expires_at", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _management(answer: dict[str, Any]) -> dict[str, str]:
    names = ("registration_access_token", "registration_client_uri")
    found = {name: answer.get(name) for name in names}
    return {name: text for name, text in found.items() if isinstance(text, str)}
