"""Roles of outgoing calls and the limits of each."""

import enum
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB


class Role(enum.StrEnum):
    """Why a call is made; mandatory on every one, so that limits and logs can tell them apart."""

    TOKEN = enum.auto()
    IDENTITY = enum.auto()
    REVOCATION = enum.auto()
    WEBHOOK = enum.auto()
    DISCOVERY = enum.auto()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call may cost.

    Attributes:
        deadline: seconds in total: DNS, connect, TLS, sending, headers and body.
        max_response_bytes: of the body, both as received and as decoded.
        ends_at: an earlier end, by `integrations.clock`. It holds although the process stood still
            for a while before it sent anything.
    """

    deadline: float
    max_response_bytes: int
    ends_at: float = math.inf


# Seconds of a refresh's lease (settings.REFRESH_LEASE_SECONDS) that are kept for the journal and
# for storing: no token call goes on into them.
STORING_SECONDS: Final = 10
# By how much a lease is longer than a token call may last: that, and what passes before it begins.
LEASE_MARGIN_SECONDS: Final = STORING_SECONDS + 5
LIMITS: Final = MappingProxyType(
    {
        Role.TOKEN: Limits(deadline=20.0, max_response_bytes=MIB),
        Role.IDENTITY: Limits(deadline=10.0, max_response_bytes=MIB),
        Role.REVOCATION: Limits(deadline=10.0, max_response_bytes=256 * KIB),
        Role.WEBHOOK: Limits(deadline=10.0, max_response_bytes=64 * KIB),
        Role.DISCOVERY: Limits(deadline=10.0, max_response_bytes=256 * KIB),
    }
)
