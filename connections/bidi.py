"""Names amid text that may run the other way."""

from __future__ import annotations

from typing import Final
from unicodedata import bidirectional

from django.utils.translation import get_language_bidi

_BEGIN: Final = "\N{FIRST STRONG ISOLATE}"
_END: Final = "\N{POP DIRECTIONAL ISOLATE}"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


def isolated(name: str) -> str:
    """Return ``name`` so that neither it nor the sentence around it turns the other.

    It does in text what ``<bdi>`` does in markup (Unicode Standard Annex 9, 2.4). Where both run
    from left to right, nothing is added: what a person copies is then what she sees.
    """
    turns = any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in name)
    return f"{_BEGIN}{name}{_END}" if turns or get_language_bidi() else name
