"""The catalog's words as the person reads them: labels of fields, scopes in plain words."""

from __future__ import annotations

from typing import Final

from django.utils.translation import get_language, gettext

# Toolkits are written in it, so their texts are what translations are looked up by.
_WRITTEN_IN: Final = "en"


def in_words(text: str) -> str:
    """Return ``text`` of a toolkit in the page's language; as it is where nobody translated it."""
    # Of an empty text gettext makes the catalog's header.
    return gettext(text) if text else ""


def other_language(text: str) -> str:
    """Return the language that ``text`` stays in where it is not the page's; else nothing.

    A screen reader has to know in which language to speak.
    """
    translated = get_language() == _WRITTEN_IN or in_words(text) != text
    return "" if translated else _WRITTEN_IN


def described(scope: str, text: str) -> dict[str, str]:
    """Return what a page shows of ``scope``, of which the catalog says ``text``."""
    return {"name": scope, "description": in_words(text), "language": other_language(text)}
