"""What passes through the door: the call as it will be sent, and the answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.outbound.errors import MalformedBody
from integrations.outbound.headers import Headers
from integrations.outbound.limits import Limits, Role
from integrations.outbound.targets import Target

# Digits; longer ones are read as floating-point numbers where that is allowed.
LONGEST_INTEGER: Final = 1000


@dataclass(frozen=True, kw_only=True, repr=False)
class PreparedCall:
    """A call that passed every check which needs no network; what a transport receives.

    Headers are case-insensitive and complete but for Host and Content-Length, which the transport
    adds. ``repeatable``: the caller makes the call again where its outcome is unknown.
    """

    role: Role
    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None
    limits: Limits
    repeatable: bool = False

    @property
    def url(self) -> str:
        """The whole URL: it may carry secrets, keep it out of logs."""
        return self.target.url


@dataclass(frozen=True, kw_only=True, repr=False)
class Response:
    """An answer that was read to its end.

    Attributes:
        status: any HTTP status from 200 on; a redirect is an answer like any other.
        headers: case-insensitive; repeated ones joined by a comma (RFC 9110, 5.3).
        body: decoded.
        elapsed: seconds from the start of the call to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float

    def __post_init__(self) -> None:
        """Make the headers case-insensitive, whatever mapping a transport gave."""
        if not isinstance(self.headers, Headers):
            object.__setattr__(self, "headers", Headers(self.headers))

    def json(self) -> Any:
        """Return the body parsed as JSON, whatever its Content-Type says.

        Raises:
            MalformedBody: it is not JSON; without the parser's error, which carries the body.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            failure = MalformedBody(f"{len(self.body)} bytes", status=self.status)
        raise failure

    def lenient_json(self) -> Any:
        """Return the body parsed as JSON although parts of it break the rules, for salvage.

        Bytes that are no UTF-8 become U+FFFD, line breaks may stand in texts, and numbers may have
        any length. Only for values that are checked for U+FFFD.

        Raises:
            MalformedBody: as `json`.
        """
        text = self.body.decode("utf-8", "replace")
        try:
            return json.loads(text, strict=False, parse_int=_read_integer)
        except (ValueError, RecursionError):
            failure = MalformedBody(f"{len(self.body)} bytes", status=self.status)
        raise failure


def _read_integer(digits: str) -> int | float:
    # Python refuses to read integers of thousands of digits (ValueError).
    return int(digits) if len(digits) < LONGEST_INTEGER else float(digits)
