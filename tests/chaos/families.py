"""What a token is worth at the chaos provider: the rules of strict and grace, and nothing else.

strict: a refresh token that was rotated away and comes back revokes its whole family
(RFC 9700, 4.14.2). grace: it is accepted for a while and yields a fresh pair; after that as strict.
The bundled sandbox has the same rules; tests/chaos/test_families.py holds the two side by side.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

STRICT, GRACE = "strict", "grace"
# What a call at the token endpoint came to.
ISSUED, ISSUED_IN_GRACE = "issued", "issued_in_grace"
REUSE, INVALID_GRANT = "reuse_detected", "invalid_grant"
# Who ended a family.
BY_PERSON, BY_REUSE, BY_CLIENT = "person", "reuse", "client"


def digest(token: str) -> str:
    """Return the SHA-256 of ``token`` in hex, as Evergrant's credentials keep it."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(kw_only=True)
class Family:
    """All tokens that grew out of one consent.

    Attributes:
        working: serials of the refresh tokens that are accepted; one, but for grace.
        spent: when each other serial was rotated away.
    """

    id: str
    person: str
    lifetime: float
    opened_at: float
    working: set[int] = field(default_factory=set)
    spent: dict[int, float] = field(default_factory=dict)
    serial: int = 0
    revoked_at: float | None = None
    revoked_by: str = ""

    def revoke(self, *, by: str, at: float) -> None:
        """End the family, unless it is over already."""
        if self.revoked_at is None:
            self.revoked_at, self.revoked_by = at, by


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What a successful call yields; ``serial`` counts up within the family."""

    family: Family
    serial: int
    access_token: str
    refresh_token: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The judgement on a presented refresh token; ``family`` is None where nobody knows it."""

    outcome: str
    family: Family | None = None
    presented: int = 0
    pair: Pair | None = None


class Book:
    """The provider's memory. Not safe for threads: the server locks around it."""

    def __init__(self, *, rotation: str, grace_seconds: float) -> None:
        self.rotation = rotation
        self.grace_seconds = grace_seconds
        self.families: dict[str, Family] = {}
        self._refresh_tokens: dict[str, tuple[Family, int]] = {}
        self._access_tokens: dict[str, tuple[Family, int, float]] = {}

    def open(self, *, person: str, lifetime: float, now: float) -> Pair:
        """Begin a family for ``person``; its access tokens live ``lifetime`` seconds."""
        name = f"{self.rotation}-family-{len(self.families) + 1}"
        family = Family(id=name, person=person, lifetime=lifetime, opened_at=now)
        self.families[family.id] = family
        return self._issue(family, now)

    def refresh(self, token: str, *, now: float) -> Ruling:
        """Judge ``token`` and do what follows: rotate, or revoke the family."""
        family, serial = self.find(token)
        if family is None or family.revoked_at is not None:
            return Ruling(outcome=INVALID_GRANT, family=family, presented=serial)
        if serial in family.working:
            family.working.discard(serial)
            family.spent[serial] = now
            pair = self._issue(family, now)
            return Ruling(outcome=ISSUED, family=family, presented=serial, pair=pair)
        if self.rotation == GRACE and now < family.spent[serial] + self.grace_seconds:
            pair = self._issue(family, now)
            return Ruling(outcome=ISSUED_IN_GRACE, family=family, presented=serial, pair=pair)
        family.revoke(by=BY_REUSE, at=now)
        return Ruling(outcome=REUSE, family=family, presented=serial)

    def find(self, token: str) -> tuple[Family | None, int]:
        """Return whose refresh token that is, and its serial; None and 0 where nobody's."""
        return self._refresh_tokens.get(token, (None, 0))

    def revoke_token(self, token: str, *, now: float) -> bool:
        """Revoke as RFC 7009 asks: a refresh token takes its family along. Return if it was known.

        An access token goes alone.
        """
        family, _ = self.find(token)
        if family is not None:
            family.revoke(by=BY_CLIENT, at=now)
            return True
        return self._access_tokens.pop(token, None) is not None

    def newest(self, person: str) -> Family | None:
        """Return the family that ``person`` opened last."""
        own = [family for family in self.families.values() if family.person == person]
        return own[-1] if own else None

    def look_up(self, token: str, *, now: float) -> tuple[str, Family | None]:
        """Return what an access token is worth: good, expired, revoked or unknown; and whose."""
        family, _, ends_at = self._access_tokens.get(token, (None, 0, 0.0))
        if family is None:
            return "unknown", None
        if family.revoked_at is not None:
            return "revoked", family
        return ("good" if now < ends_at else "expired"), family

    def _issue(self, family: Family, now: float) -> Pair:
        family.serial += 1
        family.working.add(family.serial)
        pair = Pair(
            family=family,
            serial=family.serial,
            access_token=secrets.token_urlsafe(24),
            refresh_token=secrets.token_urlsafe(24),
        )
        self._refresh_tokens[pair.refresh_token] = (family, pair.serial)
        self._access_tokens[pair.access_token] = (family, pair.serial, now + family.lifetime)
        return pair
