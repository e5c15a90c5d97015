"""Explains every read that was not answered well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.deeds import DIED, KILLED
from tests.chaos.explaining.finding import Finding
from tests.chaos.plan import RESTART_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.readers import Oddity

# After the database or the web server came back, so long may answers be wrong or absent.
RECOVERY_SECONDS = 10.0


def explain(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for every stale token and every error without a cause."""
    for odd in evidence.oddities:
        if odd.kind == "past_its_end":
            text = f"it ended {odd.asked_at - odd.expires_at:.3f} s before it was asked for"
            yield _stale(odd, text)
        elif odd.kind == "refused":
            if text := _why_refusal_is_wrong(odd, evidence):
                yield _stale(odd, text)
        elif not _was_disturbed(odd, evidence):
            yield Finding(
                kind="api_error", at=odd.told_at, person=odd.person, cause=odd.kind, text=odd.text
            )


def _stale(odd: Oddity, text: str) -> Finding:
    return Finding(
        kind="stale_token",
        at=odd.told_at,
        person=odd.person,
        cause=odd.worth or odd.kind,
        text=text,
        facts=odd.to_json(),
    )


def _why_refusal_is_wrong(odd: Oddity, evidence: Evidence) -> str:
    """Return what is wrong with a token that the provider refused; empty where nothing is.

    A grant that the person revoked, or that died of a lost answer, is found dead at the next
    refresh and no sooner: how it died is explained with the account.
    """
    if odd.worth == "revoked":
        family = next((each for each in evidence.families if each.id == odd.family), None)
        if family and family.revoked_at is not None and family.revoked_at <= odd.tried_at:
            return ""
    left = odd.expires_at - odd.tried_at
    return f"the provider says {odd.worth}, {left:.3f} s before the end we were told"


def _was_disturbed(odd: Oddity, evidence: Evidence) -> bool:
    """Whether the database or the web server was away between question and answer."""
    for deed in evidence.deeds:
        away = deed.what == RESTART_DATABASE or (
            deed.what in {KILLED, DIED} and deed.details.get("name") == "web"
        )
        until = (deed.until or evidence.now) + RECOVERY_SECONDS
        if away and odd.asked_at <= until and odd.told_at >= deed.at:
            return True
    return False
