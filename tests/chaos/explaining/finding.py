"""What an explanation ends in: something counted, with its place in the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# Wanted: none of these. The text is the line of the table.
OFFENCES = {
    "grant_lost": "grants lost",
    "false_expiry": "expired although the provider would have refreshed",
    "wrong_reason": "expired for another reason than the true one",
    "expired_twice": "grants that ended twice",
    "revocation_unnoticed": "revoked by the person and still ACTIVE",
    "dead_but_active": "ACTIVE on a grant that is dead",
    "spent_token_held": "holding a refresh token that was spent",
    "double_call": "refresh tokens sent twice without a doubt",
    "calls_at_once": "two calls under way for one account",
    "attempt_unexplained": "attempts in doubt that nothing explains",
    "unjournalled": "answers that were kept without the journal",
    "journalled_late": "the middle answer came late to the journal",
    "stale_token": "tokens served that were past their end",
    "api_error": "reads answered with an unexpected error",
    "event_missing": "events that never arrived",
    "event_doubled": "changes told twice under two ids",
    "event_out_of_order": "events out of order",
    "event_unknown": "webhooks of no event, or forged",
    "account_stuck": "accounts overdue at the end",
    "process_died": "processes that ended by themselves",
}
# Counted and explained.
NOTED = {
    "rotation_lost_in_window": "rotation_lost on strict, in the window",
    "revoked_by_person": "revoked by the person, and found out",
}


@dataclass(kw_only=True)
class Finding:
    """One thing that happened to one account.

    Attributes:
        kind: a key of OFFENCES or NOTED.
        cause: a short code, by which findings of a kind are split.
        text: in words, for whoever looks into it.
    """

    kind: str
    at: float
    person: str = ""
    cause: str = ""
    text: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_offence(self) -> bool:
        """Whether the run fails for it."""
        return self.kind in OFFENCES

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)
