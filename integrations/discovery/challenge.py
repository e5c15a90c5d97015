"""Reads WWW-Authenticate (RFC 9110, 11.6.1): how a server says what it wants to be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME: Final = re.compile(rf"({_WORD})(?:[ \t]+|(?=,)|$)")
# Some write a URL without the quotes that it needs.
_PARAMETER: Final = re.compile(
    rf'({_WORD})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=][^\s,"]*))(?=[ \t]*(?:,|$))'
)
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")
_BETWEEN: Final = re.compile(r"[ \t,]*")


@dataclass(frozen=True)
class Challenge:
    """One way to authenticate; names of schemes and parameters are in lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def read_challenges(header: str) -> list[Challenge]:
    """Return the challenges of a field, of which several may have been joined by commas.

    Of a field that goes wrong somewhere, what stands before that is returned.
    """
    challenges: list[Challenge] = []
    at = _skip(header, 0)
    while at < len(header):
        if challenges and (found := _PARAMETER.match(header, at)):
            _add(challenges[-1], found)
        elif found := _SCHEME.match(header, at):
            challenges.append(Challenge(found[1].lower()))
            if not _PARAMETER.match(header, found.end()):
                found = _TOKEN68.match(header, found.end()) or found
        else:
            break
        at = _skip(header, found.end())
    return challenges


def bearer_parameter(challenges: list[Challenge], name: str) -> str:
    """Return a parameter of the Bearer challenge, else of another one; empty where none has it."""
    ordered = sorted(challenges, key=lambda challenge: challenge.scheme != "bearer")
    return next((one.parameters[name] for one in ordered if name in one.parameters), "")


def _add(challenge: Challenge, found: re.Match[str]) -> None:
    name, quoted, plain = found.groups()
    value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    # A parameter stands once only; of two the first one counts.
    challenge.parameters.setdefault(name.lower(), value)


def _skip(header: str, at: int) -> int:
    found = _BETWEEN.match(header, at)
    return found.end() if found else at
