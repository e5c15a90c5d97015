"""Holds what everybody saw against what may be, one module per question. Pure functions.

``causes`` says why an answer was lost; ``grants`` explains every end; ``double_calls`` and
``doubts`` the calls; ``journalling`` the answers; ``telling`` the events; ``reads`` what callers
got; ``rest`` what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.explaining import double_calls, doubts, journalling, reads, rest, telling
from tests.chaos.explaining.causes import Causes
from tests.chaos.explaining.finding import NOTED, OFFENCES, Finding
from tests.chaos.explaining.grants import Grants

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence

__all__ = ["NOTED", "OFFENCES", "Finding", "explain"]


def explain(evidence: Evidence) -> list[Finding]:
    """Return everything that is worth counting, in order of time."""
    causes = Causes(evidence)
    findings = [
        *Grants(evidence, causes).explain(),
        *double_calls.explain(evidence, causes),
        *doubts.explain(evidence, causes),
        *journalling.explain(evidence, causes),
        *telling.explain(evidence),
        *reads.explain(evidence),
        *rest.explain(evidence),
    ]
    return sorted(findings, key=lambda finding: finding.at)
