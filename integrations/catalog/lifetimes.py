"""How a toolkit's grants live and end, in words: ``1 hour``, ``unused for 90 days``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integrations.catalog.toolkit import OAUTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.catalog.toolkit import Rotation, Toolkit

_UNITS: Final = (
    ("year", 31_536_000),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)
# Beyond so many of a unit nobody can picture it, and the next one is told roughly.
_MOST: Final = 400
UNTOLD: Final = "not told"
NOTHING: Final = "\N{EN DASH}"
_ROTATIONS: Final[dict[Rotation, str]] = {
    "none": "keeps the refresh token",
    "rotates": "brings a new refresh token, the old one is spent",
    "rotates_with_grace": "brings a new refresh token, the old one is spent after a grace",
    "rotates_old_remains_valid": "brings a new refresh token, the old one works on",
}


def in_words(seconds: int) -> str:
    """Return a length of time as people say it: ``90 days``, ``about 1 hour`` for 3599."""
    for unit, size in _UNITS:
        count, left = divmod(seconds, size)
        if not left and 0 < count < _MOST:
            return _counted(count, unit)
    # A second less than an hour is about an hour.
    unit, size = next(step for step in _UNITS if seconds >= 0.95 * step[1])
    return f"about {_counted(round(seconds / size), unit)}"


def access_token_life(toolkit: Toolkit) -> str:
    """Return how long an access token lives; of a key that is traded, the token it brings."""
    first = toolkit.schemes[0]
    if first in OAUTH:
        if "access_token_seconds" not in toolkit.model_fields_set:
            return UNTOLD
        seconds = toolkit.access_token_seconds
        return in_words(seconds) if seconds else "without end, unless an answer tells one"
    form = toolkit.key_form(first)
    return in_words(form.access_token_seconds) if form.traded else NOTHING


def rotation(toolkit: Toolkit) -> str:
    """Return what a refresh does to the refresh token."""
    if toolkit.schemes[0] != "oauth2":
        return NOTHING
    if "rotation" not in toolkit.model_fields_set:
        return UNTOLD
    if toolkit.self_renewal:
        return "renews the access token, which is its own refresh token"
    grace = in_words(toolkit.grace_seconds) if toolkit.grace_seconds else "a grace"
    return _ROTATIONS[toolkit.rotation].replace("a grace", grace)


def ending(toolkit: Toolkit) -> str:
    """Return when a grant ends by itself."""
    if not toolkit.token_url:
        return NOTHING
    if "refresh_token" not in toolkit.model_fields_set:
        return UNTOLD
    return "; ".join(_ends(toolkit)) or "only when it is revoked"


def revocation(toolkit: Toolkit) -> str:
    """Return how a grant is taken back at the service."""
    if not toolkit.token_url:
        return NOTHING
    if toolkit.revocation:
        return f"{toolkit.revocation.method} call of its own"
    if toolkit.revocation_url:
        return "RFC 7009"
    told = {"revocation", "revocation_url"} & toolkit.model_fields_set
    return "none there" if told else UNTOLD


def facts(toolkit: Toolkit) -> str:
    """Return whether the file tells the whole lifecycle, or only parts of it."""
    return "full" if toolkit.has_lifecycle_facts else "partly"


def _ends(toolkit: Toolkit) -> Iterator[str]:
    life = toolkit.refresh_token
    if life.idle_seconds:
        yield f"unused for {in_words(life.idle_seconds)}"
    if life.absolute_seconds:
        start = "the last refresh" if life.extended_by_refresh else "the consent"
        yield f"{in_words(life.absolute_seconds)} after {start}"
    if life.testing_mode_seconds:
        yield f"{in_words(life.testing_mode_seconds)} after the consent while the app is in testing"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
