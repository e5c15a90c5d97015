"""The sandbox's own secrets: made at its first start, kept in its database, never on disk."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

RSA_BITS = 2048


def keep_secret_key(connection: psycopg.Connection[Any]) -> str:
    """Return Django's SECRET_KEY, making it on the first start."""
    return _keep(connection, "secret_key", lambda: secrets.token_urlsafe(64))


def keep_signing_pem(connection: psycopg.Connection[Any]) -> str:
    """Return the RSA key (PEM, PKCS 8) that signs ID tokens, making it on the first start."""
    return _keep(connection, "signing_pem", _new_rsa_pem)


def _new_rsa_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _keep(connection: psycopg.Connection[Any], name: str, make: Callable[[], str]) -> str:
    # Plain SQL, because Django cannot be set up before its SECRET_KEY is known.
    connection.execute(
        "CREATE TABLE IF NOT EXISTS sandbox_key (name text PRIMARY KEY, value text NOT NULL)"
    )
    row = connection.execute("SELECT value FROM sandbox_key WHERE name = %s", [name]).fetchone()
    if row is None:
        row = (make(),)
        connection.execute("INSERT INTO sandbox_key VALUES (%s, %s)", [name, row[0]])
    return str(row[0])
