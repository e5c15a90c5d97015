"""One account's story around a moment, from all witnesses, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.chaos.plan import RESTART_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.attempts import Attempt
    from tests.chaos.calls import Call
    from tests.chaos.chronicle import Deed
    from tests.chaos.evidence import Evidence

# How far around the moment the story goes, in seconds.
BEFORE, AFTER = 90.0, 10.0
LONGEST = 60


def tell(evidence: Evidence, *, person: str, at: float) -> list[str]:
    """Return what happened to ``person``'s account around ``at``, in order of time."""
    account = next((each for each in evidence.accounts if each.person == person), None)
    account_id = account.id if account else ""
    pids = {each.pid for each in evidence.attempts if each.account == account_id}
    pids |= {each.pid for each in evidence.calls if each.person == person and each.pid}
    lines = [
        *(_call(each) for each in evidence.calls if each.person == person),
        *(_attempt(each) for each in evidence.attempts if each.account == account_id),
        *(
            (each.at, f"status    {each.from_status} to {each.to_status}: {each.reason}")
            for each in evidence.transitions
            if each.account == account_id
        ),
        *(
            (odd.told_at, f"read      {odd.kind} {odd.worth} generation {odd.generation}")
            for odd in evidence.oddities
            if odd.person == person
        ),
        *(_deed(deed) for deed in evidence.deeds if _concerns(deed, person, pids)),
    ]
    near = sorted(line for line in lines if at - BEFORE <= line[0] <= at + AFTER)
    return [f"{_clock(moment)} {text}" for moment, text in near][-LONGEST:]


def _call(call: Call) -> tuple[float, str]:
    stages = "".join(_stages(call))
    what = f"serial {call.presented}" if call.presented else call.kind
    fault = f", {call.fault}" if call.fault else ""
    caller = f" by {call.pid}" if call.pid else ""
    issued = f", issued {call.issued}" if call.issued else ""
    return call.at, f"call      {call.id}{caller} {what}: {call.outcome}{issued}{fault}{stages}"


def _stages(call: Call) -> Iterator[str]:
    for name in ("worked_at", "gone_at", "answered_at"):
        moment: float | None = getattr(call, name)
        if moment is not None:
            yield f", {name.removesuffix('_at')} +{(moment - call.at) * 1000:.1f} ms"


def _attempt(attempt: Attempt) -> tuple[float, str]:
    ended = attempt.finished_at
    until = f"until {_clock(ended)}" if ended else "never finished"
    return attempt.started_at, (
        f"attempt   generation {attempt.generation} by {attempt.worker}: {attempt.outcome}"
        f" {attempt.error_code} {until}"
    )


def _concerns(deed: Deed, person: str, pids: set[int]) -> bool:
    """Whether it struck everybody, this person, or a process that worked for her."""
    everybody = deed.what == RESTART_DATABASE or deed.details.get("name") == "web"
    return everybody or deed.details.get("person") == person or bool(pids & set(deed.pids))


def _deed(deed: Deed) -> tuple[float, str]:
    details = " ".join(f"{name}={value}" for name, value in deed.details.items() if value)
    until = f" until {_clock(deed.until)}" if deed.until else ""
    return deed.at, f"* {deed.what} {details} {deed.pids or ''}{until}"


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%H:%M:%S.%f")[:-2]
