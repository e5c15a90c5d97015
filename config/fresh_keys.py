"""New keys for a new installation. None of them has a default."""

import secrets

from cryptography.fernet import Fernet


def fresh_secret_key() -> str:
    """Return a new SECRET_KEY: 64 characters, 384 random bits."""
    return secrets.token_urlsafe(48)


def fresh_field_encryption_key() -> str:
    """Return a new Fernet key for FIELD_ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()
