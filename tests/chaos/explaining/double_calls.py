"""Explains every refresh token that was sent twice, and every two calls that overlapped."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.chaos.calls import Call
from tests.chaos.explaining.finding import Finding
from tests.chaos.faults import DOES_NOTHING, DROP, LOSES_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.explaining.causes import Causes


def explain(evidence: Evidence, causes: Causes) -> Iterator[Finding]:
    """Yield a finding for every call that should not have been made."""
    families: dict[str, list[Call]] = defaultdict(list)
    for call in evidence.calls:
        if call.kind == "refresh_token" and call.family:
            families[call.family].append(call)
    for calls in families.values():
        yield from _repeated(sorted(calls, key=lambda call: call.at), causes)
        yield from _at_once(sorted(calls, key=lambda call: call.at))


def _repeated(calls: list[Call], causes: Causes) -> Iterator[Finding]:
    by_token: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        by_token[call.presented].append(call)
    for same in by_token.values():
        for first, second in pairwise(same):
            if trouble := _trouble(first, second, causes):
                text = f"serial {first.presented} in {first.id} and {second.id}: {trouble}"
                yield Finding(
                    kind="double_call", at=second.at, person=second.person, cause=trouble, text=text
                )


def _trouble(first: Call, second: Call, causes: Causes) -> str:
    """Return what is wrong with sending the token of ``first`` again; empty where nothing is."""
    if first.fault in DOES_NOTHING - {DROP} and first.gone_at is None:
        # Refused in so many words: the token is as good as before.
        return ""
    if first.fault in LOSES_ANSWER and not first.issued_tokens:
        # A refusal that arrived as half of one.
        return ""
    if first.fault != DROP and not causes.lost(first) and not causes.unwritten(first):
        return "the first one was answered"
    if not causes.in_doubt(first, at=second.at):
        return "no attempt is in doubt"
    return ""


def _at_once(calls: list[Call]) -> Iterator[Finding]:
    for first, second in pairwise(calls):
        if second.at < first.ended_at:
            text = f"{first.id} and {second.id} overlap by {first.ended_at - second.at:.3f} s"
            yield Finding(kind="calls_at_once", at=second.at, person=second.person, text=text)
