"""Tokens that Evergrant itself issues: shown once, kept as a digest.

256 random bits need no slow hash: SHA-256 makes a stolen table useless, and a look-up by digest
through a unique index takes the same time for every wrong guess.
"""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token(prefix: str = "") -> str:
    """Return 256 random bits as URL-safe text, after ``prefix``."""
    return prefix + secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """Return the SHA-256 of ``token`` as 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()
