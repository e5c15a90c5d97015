"""The switches: how the provider behaves, and misbehaves, on demand.

One immutable value, stored as a single row, read once per request. ``RULES`` is the whole
vocabulary: what a switch accepts and how to say so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENDPOINTS = ("token", "revoke", "userinfo")
OAUTH_ERRORS = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "temporarily_unavailable",
    "server_error",
)
MAX_SECONDS = 10 * 365 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Switches:
    """The provider's behaviour. Durations are in the unit that the name ends with."""

    rotation: str = "strict"
    grace_seconds: int = 30
    access_token_seconds: int = 60
    refresh_token_seconds: int | None = None
    omit_refresh_token: bool = False
    omit_expires_in: bool = False

    delay_ms: int = 0
    fail_status: int | None = None
    retry_after: int | str | None = None
    error: str | None = None
    garbage: str | None = None
    commit_first: bool = False
    commit_then_cut: bool = False
    endpoints: tuple[str, ...] = ("token",)
    fault_calls: int | None = None

    @property
    def faulty(self) -> bool:
        """Whether any fault is switched on."""
        return bool(
            self.delay_ms or self.fail_status or self.error or self.garbage or self.commit_then_cut
        )

    def as_json(self) -> dict[str, Any]:
        """Return the switches as JSON values."""
        return asdict(self) | {"endpoints": list(self.endpoints)}


class BadSwitchError(Exception):
    """Some switches are unknown or have a value that is not allowed.

    Attributes:
        allowed: what each of the offending (or, for an unknown name, every) switch accepts.
    """

    def __init__(self, message: str, allowed: dict[str, str]) -> None:
        super().__init__(message)
        self.allowed = allowed


class Rule(NamedTuple):
    """What one switch accepts: in words, and as a test."""

    allowed: str
    accepts: Callable[[Any], bool]


def _one_of(*names: str) -> Rule:
    return Rule(" | ".join(names), lambda value: isinstance(value, str) and value in names)


def _integer(low: int, high: int) -> Rule:
    return Rule(f"integer {low}..{high}", lambda value: type(value) is int and low <= value <= high)


def _or_null(rule: Rule) -> Rule:
    return Rule(f"null | {rule.allowed}", lambda value: value is None or rule.accepts(value))


def _some_of(names: tuple[str, ...]) -> Rule:
    return Rule(
        f"list of {' | '.join(names)}",
        lambda value: isinstance(value, list) and all(item in names for item in value),
    )


def _delay_or_date(value: object) -> bool:
    # RFC 9110, 10.2.3: seconds or an HTTP date. Any short line is let through: bad ones are tests.
    return (type(value) is int and 0 <= value <= MAX_SECONDS) or (
        isinstance(value, str) and value.isprintable() and value.isascii() and len(value) <= 64
    )


_BOOLEAN = Rule("true | false", lambda value: isinstance(value, bool))

RULES: dict[str, Rule] = {
    "rotation": _one_of("strict", "grace", "none"),
    "grace_seconds": _integer(0, MAX_SECONDS),
    "access_token_seconds": _integer(1, MAX_SECONDS),
    "refresh_token_seconds": _or_null(_integer(1, MAX_SECONDS)),
    "omit_refresh_token": _BOOLEAN,
    "omit_expires_in": _BOOLEAN,
    "delay_ms": _integer(0, 600_000),
    "fail_status": _or_null(_integer(400, 599)),
    "retry_after": _or_null(Rule("seconds | HTTP date", _delay_or_date)),
    "error": _or_null(_one_of(*OAUTH_ERRORS)),
    "garbage": _or_null(_one_of("html", "truncated", "empty", "error_in_200")),
    "commit_first": _BOOLEAN,
    "commit_then_cut": _BOOLEAN,
    "endpoints": _some_of(ENDPOINTS),
    "fault_calls": _or_null(_integer(0, 1_000_000)),
}


def allowed_values() -> dict[str, str]:
    """Return every switch with what it accepts, in words."""
    return {name: rule.allowed for name, rule in RULES.items()}


def check_switches(values: Mapping[str, Any]) -> None:
    """Raise ``BadSwitchError`` unless every name is known and every value allowed."""
    unknown = sorted(set(values) - set(RULES))
    if unknown:
        raise BadSwitchError(f"unknown switch: {', '.join(unknown)}", allowed_values())
    bad = {name: RULES[name].allowed for name, value in values.items() if not _accepts(name, value)}
    if bad:
        raise BadSwitchError(f"value not allowed: {', '.join(sorted(bad))}", bad)


def switches_from(values: Mapping[str, Any]) -> Switches:
    """Return the switches that stored ``values`` describe; names of older versions are ignored."""
    known = {field.name for field in fields(Switches)}
    kept = {name: value for name, value in values.items() if name in known}
    if "endpoints" in kept:
        kept["endpoints"] = tuple(kept["endpoints"])
    return Switches(**kept)


def _accepts(name: str, value: object) -> bool:
    return RULES[name].accepts(value)
