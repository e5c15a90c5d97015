"""Small pieces of markup that the console's lists and pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join

from integrations.moments import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString


class Tone(StrEnum):
    """What a colour says: fine, wait for it, look at it, broken, nothing in particular."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, kw_only=True)
class Header:
    """The head of a record's page: what it is, how it is, and what to do next."""

    title: str
    subtitle: str = ""
    badge: SafeString | str = ""
    advice: str = ""
    advice_tone: Tone = Tone.QUIET


def badge(text: str, tone: Tone) -> SafeString:
    """Return a coloured badge; the words say it too, for those who do not see the colour."""
    return format_html('<span class="eg-badge eg-{}">{}</span>', tone, text)


def two_lines(first: object, second: object = "") -> SafeString:
    """Return a cell of a list: what it is, and below it in grey what helps to tell it apart."""
    return format_html(
        '<span class="eg-cell"><span>{}</span>'
        '<span class="eg-cell-note" title="{}">{}</span></span>',
        first,
        second,
        second,
    )


def code(text: str) -> SafeString | str:
    """Return an id or another text for machines."""
    return format_html('<code class="eg-code">{}</code>', text) if text else EMPTY


def copyable(text: str) -> SafeString:
    """Return a text with a button that copies it."""
    return format_html(
        '<span class="eg-copy"><code class="eg-code">{}</code>'
        '<button type="button" class="eg-copy-button" data-copy="{}">Copy</button></span>',
        text,
        text,
    )


def chips(texts: Iterable[str], *, empty: str = EMPTY) -> SafeString | str:
    """Return several short texts, one chip each."""
    rows = [(text,) for text in texts]
    if not rows:
        return empty
    joined = format_html_join("", '<code class="eg-chip">{}</code>', rows)
    return format_html('<span class="eg-chips">{}</span>', joined)
