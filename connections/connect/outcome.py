"""How a trip to the provider ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connections.models import Reason

if TYPE_CHECKING:
    from connections.models import ConnectAttempt, ConnectedAccount, ConnectLink

SUCCESSES: Final = frozenset({Reason.CONNECTED, Reason.RECONNECTED})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``reason`` says why, ``error_code`` in the provider's word or ours.

    ``actual_identity`` is whose account it was, if the wrong one.
    """

    link: ConnectLink
    account: ConnectedAccount
    succeeded: bool
    reason: Reason
    error_code: str = ""
    actual_identity: str = ""


def outcome_of(attempt: ConnectAttempt) -> Outcome | None:
    """Return how ``attempt`` ended; None where it has not, or was overtaken by another trip."""
    if not attempt.outcome:
        return None
    reason = Reason(attempt.outcome)
    return Outcome(
        link=attempt.link,
        account=attempt.link.account,
        succeeded=reason in SUCCESSES,
        reason=reason,
        error_code=attempt.error_code,
        actual_identity=attempt.actual_identity,
    )
