"""Whether a colour can be a project's accent colour, in words and with what would be."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.branding.colors import OWN, Colors, carries_white, colors_from, nearest_readable
from integrations.branding.contrast import WHITE, normalize, told


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is said of a colour that somebody chose.

    Args:
        color: in its one form; empty where there is none or it cannot be read.
        passes: whether it may be saved.
        suggestion: the nearest colour that passes; empty where this one does.
        colors: what the pages would look like, with the suggestion where there is one.
    """

    color: str
    passes: bool
    words: str
    suggestion: str
    colors: Colors


def judge(text: str) -> Verdict:
    """Return the verdict on ``text``."""
    if not text.strip():
        words = "Without a colour the pages have Evergrant's green."
        return Verdict(color="", passes=True, words=words, suggestion="", colors=OWN)
    try:
        color = normalize(text)
    except ValueError as error:
        return Verdict(color="", passes=False, words=str(error), suggestion="", colors=OWN)
    passes, suggestion = carries_white(color), nearest_readable(color)
    contrast = f"{told(color, WHITE)} : 1"
    words = (
        f"White text on it has a contrast of {contrast}. Everybody can read it."
        if passes
        else f"White text on it has a contrast of {contrast}, and 4.5 : 1 is needed."
    )
    return Verdict(
        color=color,
        passes=passes,
        words=words,
        suggestion="" if passes else suggestion,
        colors=colors_from(color),
    )
