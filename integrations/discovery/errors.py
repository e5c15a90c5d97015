"""What can go wrong between Evergrant and a server that describes itself."""

from __future__ import annotations

from typing import ClassVar, Final, Self

from integrations.errors import IntegrationsError

LONGEST_QUOTE: Final = 200
LONGEST_URL: Final = 500


class DiscoveryFailed(IntegrationsError):
    """The service does not describe itself in a way that Evergrant can use."""

    code: ClassVar[str] = "discovery_failed"
    status: ClassVar[int] = 422

    @classmethod
    def at(cls, url: str, problem: str, *, tried: list[dict[str, str]] | None = None) -> Self:
        """Return the error that names the URL and what is wrong there.

        Args:
            tried: every URL that was looked at, each with its problem; ``details`` has them.
        """
        # It may be a server's word.
        shown = printable(url, longest=LONGEST_URL)
        tried = tried or [{"url": shown, "problem": problem}]
        return cls(f"{shown}: {problem}", url=shown, problem=problem, tried=tried)


class NotDescribed(DiscoveryFailed):
    """The service has no description where it would stand."""


class RegistrationFailed(DiscoveryFailed):
    """The authorization server did not register Evergrant as a client."""

    code = "registration_failed"


class ClientNeeded(DiscoveryFailed):
    """The authorization server registers nobody by itself: register a client there, give its id."""

    code = "client_needed"


class AuthorizationServerChanged(DiscoveryFailed):
    """The service names another authorization server now, and tokens would go there."""

    code = "authorization_server_changed"
    status = 409


def quoted(text: object) -> str:
    """Return what a server said so that it can stand in a message: short, printable, in quotes."""
    return f'"{printable(str(text), longest=LONGEST_QUOTE)}"'


def printable(text: str, *, longest: int) -> str:
    """Return ``text`` cut short, with a question mark for what cannot be printed."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:longest])
