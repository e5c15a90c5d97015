"""The nonce by which an ID token answers one request (OpenID Connect Core 1.0, 3.1.2.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import TYPE_CHECKING

from integrations.tokens import new_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit
    from integrations.secrets import Secret


def new_nonce(toolkit: Toolkit, *, scopes: Iterable[str]) -> str:
    """Return a nonce for a request of ``scopes``.

    Empty where no ID token comes back, and where the service puts none into its ID tokens: then
    state and PKCE alone bind the answer to the request.
    """
    return new_token() if toolkit.nonce and "openid" in scopes else ""


def nonce_matches(id_token: Secret | None, nonce: str) -> bool:
    """Check the ID token's nonce (OpenID Connect Core 1.0, 3.1.3.7), where one was sent.

    The token came straight from the token endpoint over TLS, which may stand in for checking its
    signature; nothing but the nonce is taken from it. A provider that sends no ID token at all
    passes.
    """
    if not nonce or id_token is None:
        return True
    parts = id_token.reveal().split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        return hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode())
    except (IndexError, KeyError, TypeError, ValueError, RecursionError, binascii.Error):
        return False
