"""From an authorization server's metadata to the fields of a toolkit file. No network but DNS."""

from __future__ import annotations

import re
from typing import Any, Final

from integrations.discovery.addresses import vetted
from integrations.discovery.errors import DiscoveryFailed, quoted

# Those that Evergrant speaks, the one that it likes best first.
CLIENT_AUTH: Final[tuple[str, ...]] = (
    "client_secret_basic",
    "client_secret_post",
    "none",
    "private_key_jwt",
)
# Asked for where they are offered: who it is, and a grant that outlives the visit.
REFRESHING_SCOPE: Final = "offline_access"
WELCOME_SCOPES: Final[tuple[str, ...]] = ("openid", "profile", "email", REFRESHING_SCOPE)

MOST_SCOPES: Final = 100
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")


def toolkit_fields(metadata: dict[str, Any], *, issuer: str) -> dict[str, Any]:
    """Return the fields of a toolkit file that ``metadata`` (RFC 8414, 2) tells.

    Raises:
        DiscoveryFailed: it lacks what the authorization code grant needs, or names an address that
            Evergrant may not call.
    """
    _check_code_grant(metadata, issuer)
    offered = listed(metadata, "scopes_supported")
    scopes: list[str] = [scope for scope in WELCOME_SCOPES if scope in offered]
    return {
        "authorization_url": _endpoint(metadata, "authorization_endpoint", issuer),
        "token_url": _endpoint(metadata, "token_endpoint", issuer),
        "revocation_url": vetted(metadata, "revocation_endpoint", source=issuer),
        "issuer": issuer,
        "issuer_in_response": metadata.get("authorization_response_iss_parameter_supported")
        is True,
        "client_auth": client_auth(metadata, issuer=issuer),
        "pkce": _takes_pkce(metadata),
        "identity": _identity(metadata, issuer) if "openid" in scopes else None,
        "default_scopes": scopes,
        "authorization_parameters": consent_parameters(scopes),
    }


def consent_parameters(scopes: list[str]) -> dict[str, str]:
    """Return what has to be asked for besides (OpenID Connect Core, 11), for a refresh token."""
    return {"prompt": "consent"} if REFRESHING_SCOPE in scopes else {}


def client_auth(metadata: dict[str, Any], *, issuer: str) -> str:
    """Return how clients prove themselves at the token endpoint. Raises DiscoveryFailed."""
    offered = listed(metadata, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    for method in CLIENT_AUTH:
        if method in offered:
            return method
    told = quoted(", ".join(offered))
    raise DiscoveryFailed.at(issuer, f"clients have to authenticate there by {told}")


def listed(metadata: dict[str, Any], field: str) -> list[str]:
    """Return the texts at ``field``; none where it is not there, or no list."""
    values = metadata.get(field)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def scopes_among(texts: list[str]) -> list[str]:
    """Return those that are scopes (RFC 6749, 3.3), each once, and not more than can be asked."""
    return list(dict.fromkeys(text for text in texts if _SCOPE.fullmatch(text)))[:MOST_SCOPES]


def advertises_s256(metadata: dict[str, Any]) -> bool:
    """Whether the server says that it takes code challenges by SHA-256 (RFC 7636, 4.2)."""
    return "S256" in listed(metadata, "code_challenge_methods_supported")


def _takes_pkce(metadata: dict[str, Any]) -> bool:
    # Many that take a challenge do not say so, and those that do not take it pass over it.
    return advertises_s256(metadata) or not listed(metadata, "code_challenge_methods_supported")


def _check_code_grant(metadata: dict[str, Any], issuer: str) -> None:
    for field, value in (("response_types_supported", "code"), _GRANT):
        offered = listed(metadata, field)
        if offered and value not in offered:
            raise DiscoveryFailed.at(issuer, f"its {field} lacks {quoted(value)}")


_GRANT: Final = ("grant_types_supported", "authorization_code")


def _endpoint(metadata: dict[str, Any], field: str, issuer: str) -> str:
    url = vetted(metadata, field, source=issuer)
    if url is None:
        raise DiscoveryFailed.at(issuer, f"it names no {field}")
    return url


def _identity(metadata: dict[str, Any], issuer: str) -> dict[str, Any] | None:
    url = vetted(metadata, "userinfo_endpoint", source=issuer)
    if url is None:
        return None
    return {
        "url": url,
        "scopes": ["openid"],
        "id_path": "sub",
        "label_paths": ["email", "preferred_username", "name"],
    }
