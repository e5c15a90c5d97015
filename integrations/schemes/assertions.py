"""JWT assertions (RFC 7523): signed with a key of the client's, or of a service account."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 7523, 2.1 and 2.2.
GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHM: Final = "RS256"
LIFE_SECONDS: Final = 300


class UnusableKey(ValueError):
    """The private key signs nothing: it is not an RSA key in PEM."""


def sign(private_key: str, *, claims: Mapping[str, Any], life: int = LIFE_SECONDS) -> str:
    """Return a signed JWT with ``claims``, a random ``jti``, and an end in ``life`` seconds.

    Raises:
        UnusableKey: without a cause, which could quote the key.
    """
    now = int(time.time())
    times = {"iat": now, "exp": now + life, "jti": secrets.token_urlsafe(16)}
    try:
        key = RSAKey.import_key(private_key)
        return jwt.encode({"alg": ALGORITHM}, {**claims, **times}, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError):
        raise UnusableKey(UnusableKey.__doc__) from None
