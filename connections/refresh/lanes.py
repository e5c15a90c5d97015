"""What a refreshing process does side by side: refreshes, probes, revocations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from connections import journal, probing, revoking
from connections.models import Trigger
from connections.refresh import queries
from connections.refresh.claim import claim_due
from connections.refresh.crew import Lane
from connections.refresh.gate import Gate
from connections.refresh.work import Answer, call_provider, store
from integrations.database import DATABASE_AWAY
from integrations.schemes import Granted

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import Revocation
    from connections.refresh.claim import Claim
    from connections.revoking import Answer as Revoked

REFRESH_SLOTS: Final = 128
REVOCATION_SLOTS: Final = 8
PROBE_SLOTS: Final = 16
# A claim of fewer accounts than that is not worth its transaction while others are under way.
CLAIM_AT_LEAST: Final = 16


@dataclass
class Refreshing:
    """The lane of refreshes, with the gate that says how many of which, and what was done."""

    gate: Gate = field(default_factory=Gate)
    refreshed: int = 0
    failed: int = 0
    held_up: bool = False

    def lane(self) -> Lane:
        """Return the lane."""
        return Lane(
            name="refresh",
            slots=REFRESH_SLOTS,
            pause=0.25,
            batch=CLAIM_AT_LEAST,
            claim=self._claim,
            call=call_provider,
            store=self._store,
        )

    def _claim(self, free: int, now: datetime) -> list[Claim]:
        due = queries.due_configs(now=now)
        shares = self.gate.shares([pk for pk, _ in due], free=free, now=now) if due else {}
        if not shares:
            return []
        total = sum(shares.values())
        claims = claim_due(limit=total, limits=shares, trigger=Trigger.SCHEDULE, now=now)
        for claim in claims:
            self.gate.begin(claim.attempt_id, claim.auth_config)
        for config_id in shares:
            self.gate.give_back(config_id)
        return claims

    def _store(self, pairs: list[tuple[Claim, Answer]]) -> list[tuple[Claim, Answer]]:
        answers = [answer for _, answer in pairs]
        now = timezone.now()
        try:
            waiting = store(answers, troubled=self.gate.troubled, now=now)
        except DATABASE_AWAY:
            self.held_up = True
            raise
        if self.held_up:
            # The journal keeps them for a while from when they were stored, and that is now.
            self.held_up = not journal.renew(now)
        later = {answer.claim.attempt_id for answer in waiting}
        done = [answer for answer in answers if answer.claim.attempt_id not in later]
        self.gate.end(answer.claim.attempt_id for answer in done)
        for answer in done:
            granted = isinstance(answer.verdict, Granted)
            self.refreshed += granted
            self.failed += not granted
        return [(answer.claim, answer) for answer in waiting]


def revocation_lane() -> Lane:
    """Return the lane of revocations."""
    return Lane(
        name="revocation",
        slots=REVOCATION_SLOTS,
        claim=lambda free, now: revoking.claim_due(limit=free, now=now),
        call=revoking.revoke,
        store=_finish_revocations,
        pause=1.0,
        batch=REVOCATION_SLOTS,
    )


def probe_lane() -> Lane:
    """Return the lane of probes."""
    return Lane(
        name="probe",
        slots=PROBE_SLOTS,
        claim=lambda free, now: probing.claim_due(limit=free, now=now),
        call=probing.probe,
        store=_finish_probes,
        pause=1.0,
        batch=PROBE_SLOTS,
    )


def _finish_probes(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    waiting = probing.finish([finding for _, finding in pairs], now=timezone.now())
    return [pair for pair in pairs if pair[1] in waiting]


def _finish_revocations(
    pairs: list[tuple[Revocation, Revoked]],
) -> list[tuple[Revocation, Revoked]]:
    while pairs:
        revocation, answer = pairs[0]
        revoking.finish(revocation, answer)
        del pairs[0]
    return pairs
