"""The scopes of Acme Notes, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScopeText(NamedTuple):
    """What a scope allows: one line, and one sentence that explains it."""

    title: str
    explanation: str


SCOPES = {
    "openid": ScopeText("Know who you are", "Your account number at Acme Notes."),
    "profile": ScopeText("See your name", "Your username and the name on your profile."),
    "email": ScopeText("See your e-mail address", "The address you signed up with."),
    "notes:read": ScopeText("Read your notes", "All of them, without changing anything."),
    "offline_access": ScopeText(
        "Stay connected", "Keep this access while you are away, until you remove it."
    ),
}


def describe_scope(scope: str) -> ScopeText:
    """Return the words for ``scope``; an unknown one is shown by its name."""
    return SCOPES.get(scope, ScopeText(scope, ""))


def in_order(scopes: Iterable[str]) -> list[str]:
    """Return ``scopes`` in the order in which Acme Notes lists them, unknown ones last."""
    order = list(SCOPES)
    return sorted(
        scopes, key=lambda name: (order.index(name) if name in order else len(order), name)
    )
