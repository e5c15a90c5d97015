"""Explains the end of every grant, and that those that did not end are alive."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.chaos.calls import Call
from tests.chaos.evidence import Account, Evidence, Transition
from tests.chaos.explaining.causes import KILLED_AFTER_READING, Causes
from tests.chaos.explaining.finding import Finding
from tests.chaos.families import BY_PERSON, REUSE, Family

if TYPE_CHECKING:
    from collections.abc import Iterator

ROTATION_LOST = "rotation_lost"
# Reasons that say that the person withdrew: found at a refresh, or at a probe.
WITHDRAWN = {"grant_revoked", "probe_rejected"}
# An answer of the token endpoint may be stored so much later than the provider gave it.
STORING_SECONDS = 60.0


class Grants:
    """Goes through every account's life, one grant after the other."""

    def __init__(self, evidence: Evidence, causes: Causes) -> None:
        self._evidence = evidence
        self._causes = causes
        self._calls: dict[str, list[Call]] = defaultdict(list)
        for call in evidence.calls:
            self._calls[call.family].append(call)
        self._families: dict[str, list[Family]] = defaultdict(list)
        for family in sorted(evidence.families, key=lambda each: each.opened_at):
            self._families[family.person].append(family)

    def explain(self) -> Iterator[Finding]:
        """Yield a finding for every grant that ended, and for every one that should have."""
        lives: dict[str, list[Transition]] = defaultdict(list)
        for transition in self._evidence.transitions:
            lives[transition.account].append(transition)
        for account in self._evidence.accounts:
            yield from self._life(account, lives[account.id])

    def _life(self, account: Account, life: list[Transition]) -> Iterator[Finding]:
        family: Family | None = None
        ended: set[str] = set()
        for step in life:
            if step.to_status == "ACTIVE":
                family = self._family(account.person, connected_at=step.at)
            elif step.to_status == "EXPIRED" and family is not None:
                if family.id in ended:
                    yield Finding(kind="expired_twice", at=step.at, person=account.person)
                ended.add(family.id)
                yield self._end(account, family, step)
        if account.status == "ACTIVE" and family is not None:
            yield from self._alive(account, family)

    def _family(self, person: str, *, connected_at: float) -> Family | None:
        """Return the grant that was connected then: the newest that was there."""
        known = [each for each in self._families[person] if each.opened_at <= connected_at]
        return known[-1] if known else None

    # --- An end ----------------------------------------------------------------------------------

    def _end(self, account: Account, family: Family, step: Transition) -> Finding:
        dead = family.revoked_at is not None and family.revoked_at <= step.at
        if not dead:
            return self._unasked(account, family, step)
        if family.revoked_by == BY_PERSON:
            return self._withdrawn(account, family, step)
        return self._reused(account, family, step)

    def _withdrawn(self, account: Account, family: Family, step: Transition) -> Finding:
        # In doubt, a refusal cannot be told from that of a token which was rotated unheard.
        calls = self._calls[family.id]
        kept = [each.at for each in calls if each.issued_tokens and not self._causes.lost(each)]
        since = max(kept, default=family.opened_at)
        doubted = self._causes.doubted(account.person, after=since, before=step.at)
        if step.reason in WITHDRAWN or (step.reason == ROTATION_LOST and doubted):
            kind = "revoked_by_person"
        else:
            kind = "wrong_reason"
        text = f"the person revoked {family.id}, the account expired with {step.reason}"
        return Finding(kind=kind, at=step.at, person=account.person, cause=step.reason, text=text)

    def _reused(self, account: Account, family: Family, step: Transition) -> Finding:
        """Explain a family that was revoked because a spent token came back."""
        calls = self._calls[family.id]
        reuse = next((call for call in calls if call.outcome == REUSE), None)
        if reuse is None:
            text = f"{family.id} was revoked by {family.revoked_by} at Evergrant's own wish"
            return Finding(kind="grant_lost", at=step.at, person=account.person, text=text)
        first = next(
            call for call in calls if call.presented == reuse.presented and call.issued_tokens
        )
        return self._lost(account, family, step, first, again=reuse.at)

    def _unasked(self, account: Account, family: Family, step: Transition) -> Finding:
        """Explain an end though the provider has not ended it."""
        issued = [c for c in self._calls[family.id] if c.issued_tokens and c.at <= step.at]
        last = issued[-1] if issued else None
        if last is not None and not last.forgiving and self._causes.lost(last):
            return self._lost(account, family, step, last, again=step.at)
        text = f"{family.id} is alive, the account expired with {step.reason}"
        return Finding(
            kind="false_expiry", at=step.at, person=account.person, cause=step.reason, text=text
        )

    def _lost(
        self, account: Account, family: Family, step: Transition, first: Call, *, again: float
    ) -> Finding:
        """Say whether the tokens that ``first`` issued could have been kept.

        Args:
            again: when the token was sent again, or the account given up.
        """
        cause = self._causes.lost(first)
        if self._causes.journalled(first, before=again):
            kind, cause = "grant_lost", "journalled"
        elif not cause or first.forgiving:
            kind = "grant_lost"
        else:
            kind = "rotation_lost_in_window" if step.reason == ROTATION_LOST else "wrong_reason"
        facts = {}
        if cause == KILLED_AFTER_READING:
            facts["seconds_after_reading"] = self._causes.seconds_after_reading(first)
        text = (
            f"{family.id}: serial {first.issued}, issued by {first.id}, was lost"
            f" ({cause or 'no cause known'}); expired with {step.reason}"
        )
        return Finding(
            kind=kind, at=step.at, person=account.person, cause=cause, text=text, facts=facts
        )

    # --- No end ----------------------------------------------------------------------------------

    def _alive(self, account: Account, family: Family) -> Iterator[Finding]:
        now = self._evidence.now
        if family.revoked_at is not None:
            withdrawn = family.revoked_by == BY_PERSON
            kind = "revocation_unnoticed" if withdrawn else "dead_but_active"
            text = f"{family.id} was ended by {family.revoked_by}"
            yield Finding(kind=kind, at=family.revoked_at, person=account.person, text=text)
            return
        serials = {
            call.issued_digest: call.issued for call in self._calls[family.id] if call.issued
        }
        if serials.get(account.digest) not in family.working:
            held = serials.get(account.digest, "none of this grant")
            text = f"holds serial {held}, {family.id} accepts {sorted(family.working)}"
            yield Finding(kind="spent_token_held", at=now, person=account.person, text=text)
