"""The catalog's words as the person reads them: labels of fields, scopes in plain words."""

from __future__ import annotations

from django.utils.translation import gettext


def in_words(text: str) -> str:
    """Return ``text`` of a toolkit in the person's language; as it is where nobody translated it.

    Toolkits are written in English, so that their texts are what the catalogs of translations
    look them up by.
    """
    # Of an empty text gettext makes the catalog's header.
    return gettext(text) if text else ""
