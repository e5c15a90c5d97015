"""The keys that seal: the first seals, all open.

The key list is django-encrypted-model-fields'. Each sealed text starts with the id of its key
(``<8 hex digits>.<Fernet token>``), so that texts can be counted by key and a missing key is told
apart from a broken text.
"""

import hashlib
import re
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from integrations.secrets.library import parse_key

_KEY_ID = re.compile(r"[0-9a-f]{8}")


class SealingError(Exception):
    """A sealed value could not be opened or made."""


class NoKeys(SealingError):
    """FIELD_ENCRYPTION_KEYS is empty, so nothing can be sealed or opened."""


class KeyUnknown(SealingError):
    """The text was sealed with a key that is not in FIELD_ENCRYPTION_KEYS."""


class SealBroken(SealingError):
    """The text is not sealed, was altered, or was sealed for another place."""


def key_id(key: str) -> str:
    """Return the public id of ``key``: 8 hex digits of its SHA-256.

    Blanks around a key are not part of it: a file ends with a line break, a list is written with
    blanks after its commas, and Fernet takes no notice of either.
    """
    return hashlib.sha256(key.strip().encode()).hexdigest()[:8]


def key_ids() -> list[str]:
    """Return the ids of the configured keys, the sealing one first."""
    return list(_keyring(tuple(settings.FIELD_ENCRYPTION_KEYS)))


@lru_cache(maxsize=8)
def _keyring(keys: tuple[str, ...]) -> dict[str, Fernet]:
    return {key_id(key): parse_key(key) for key in keys}


def _current() -> dict[str, Fernet]:
    keyring = _keyring(tuple(settings.FIELD_ENCRYPTION_KEYS))
    if not keyring:
        raise NoKeys(NoKeys.__doc__)
    return keyring


def encrypt(text: str) -> str:
    """Seal ``text`` with the first key. Raises NoKeys."""
    name, fernet = next(iter(_current().items()))
    return f"{name}.{fernet.encrypt(text.encode()).decode()}"


def decrypt(sealed: str) -> str:
    """Open what `encrypt` made.

    Raises:
        NoKeys: no key is configured.
        KeyUnknown: the key it was sealed with is not configured.
        SealBroken: it is not a sealed text, or it was altered.
    """
    name, _, token = sealed.partition(".")
    keyring = _current()
    if not _KEY_ID.fullmatch(name):
        # The error below repeats the name, and what is not an id may be somebody's plain text.
        raise SealBroken(SealBroken.__doc__)
    if name not in keyring:
        message = f"Sealed with key {name!r}, which is not in FIELD_ENCRYPTION_KEYS."
        raise KeyUnknown(message)
    try:
        return str(keyring[name].decrypt(token.encode()).decode())
    except (InvalidToken, ValueError):
        raise SealBroken(SealBroken.__doc__) from None
