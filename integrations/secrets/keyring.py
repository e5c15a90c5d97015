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
from integrations.secrets.secret import Secret

# How many characters at the beginning of a sealed text tell its key: the id and the full stop.
PREFIX_LENGTH = 9
_PREFIX = re.compile(r"([0-9a-f]{8})\.")


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


def key_of(sealed: str) -> str:
    """Return the id of the key that ``sealed`` names; empty where it is not a sealed text.

    The first `PREFIX_LENGTH` characters are enough.
    """
    found = _PREFIX.match(sealed)
    return found[1] if found else ""


def new_key() -> Secret:
    """Return a new key, made of 256 random bits."""
    return Secret(Fernet.generate_key().decode())


def configured_value(*, added: Secret | None = None, first: str = "", without: str = "") -> Secret:
    """Return FIELD_ENCRYPTION_KEYS as it would be after a change.

    Args:
        added: a key to put at its end.
        first: the id of the key to put in front.
        without: the id of the key to leave out.
    """
    keys = [key.strip() for key in settings.FIELD_ENCRYPTION_KEYS if key_id(key) != without]
    keys += [added.reveal()] if added else []
    return Secret(",".join(sorted(keys, key=lambda key: key_id(key) != first)))


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
    keyring = _current()
    name = key_of(sealed)
    if not name:
        # The error below repeats the name, and what is not an id may be somebody's plain text.
        raise SealBroken(SealBroken.__doc__)
    if name not in keyring:
        message = f"Sealed with key {name!r}, which is not in FIELD_ENCRYPTION_KEYS."
        raise KeyUnknown(message)
    try:
        return str(keyring[name].decrypt(sealed[PREFIX_LENGTH:].encode()).decode())
    except (InvalidToken, ValueError):
        raise SealBroken(SealBroken.__doc__) from None
