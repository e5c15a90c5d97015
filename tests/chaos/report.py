"""Says what came of a run: one table for people, one file for programs."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.chaos import timeline, window
from tests.chaos.explaining import NOTED, OFFENCES
from tests.chaos.explaining.causes import KILLED_AFTER_READING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.explaining import Finding
    from tests.chaos.options import Options

WIDTH = 62
# Offenders whose story is printed; the file has more of them.
STORIES, STORIES_IN_FILE = 5, 50


def summarise(
    *,
    options: Options,
    evidence: Evidence,
    findings: list[Finding],
    counts: dict[str, Any],
) -> dict[str, Any]:
    """Return the run as JSON values."""
    kinds = Counter(finding.kind for finding in findings)
    offenders = [finding for finding in findings if finding.is_offence]
    return {
        "passed": not offenders,
        "cores": os.cpu_count(),
        "options": asdict(options) | {"output": str(options.output)},
        "offences": {kind: kinds[kind] for kind in OFFENCES},
        "noted": {kind: kinds[kind] for kind in NOTED},
        "window": _window(findings),
        "done": dict(Counter(deed.what for deed in evidence.deeds)),
        "kill_moments": dict(Counter(_moments(evidence))),
        "calls": _calls(evidence),
        "attempts_in_doubt": sum(attempt.doubtful for attempt in evidence.attempts),
        "accounts": dict(Counter(account.status for account in evidence.accounts)),
        "journal": {
            "entries": len(evidence.journalled),
            "window_ms": round(evidence.window * 1000, 2),
            "answer_to_reading_ms": _percentiles(window.waits(evidence.calls)),
            "reading_to_journal_ms": _percentiles(
                window.delays(evidence.calls, evidence.journalled)
            ),
            "answered_but_unread": _unread(evidence),
        },
        "events": {"recorded": len(evidence.events), "arrived": len(evidence.arrivals)},
        **counts,
        "errors_logged": dict(evidence.errors_logged),
        "offenders": [_story(finding, evidence) for finding in offenders[:STORIES_IN_FILE]],
        "findings": [finding.to_json() for finding in findings],
        "deeds": [deed.to_json() for deed in evidence.deeds],
    }


def _window(findings: list[Finding]) -> dict[str, Any]:
    """Split what was lost in the window by cause."""
    lost = [finding for finding in findings if finding.kind == "rotation_lost_in_window"]
    late = [
        each.facts["seconds_after_reading"] for each in lost if each.cause == KILLED_AFTER_READING
    ]
    milliseconds = sorted(round(seconds * 1000, 2) for seconds in late if seconds is not None)
    return {
        "by_cause": dict(Counter(finding.cause for finding in lost)),
        "milliseconds_after_reading": milliseconds,
    }


def _unread(evidence: Evidence) -> int:
    """Count the answers that nobody came to read."""
    answered = (call for call in evidence.calls if call.answered_at is not None)
    return sum(call.read_at is None for call in answered)


def _percentiles(delays: list[float]) -> dict[str, float]:
    if not delays:
        return {}
    at = {"median": 0.5, "p99": 0.99, "p99.9": 0.999, "longest": 1.0}
    return {name: round(delays[int(p * (len(delays) - 1))] * 1000, 2) for name, p in at.items()}


def _moments(evidence: Evidence) -> Iterator[str]:
    for deed in evidence.deeds:
        if "moment" in deed.details:
            yield f"{deed.details['name'].split('-')[0]} {deed.details['moment']}"


def _calls(evidence: Evidence) -> dict[str, Any]:
    refreshes = [call for call in evidence.calls if call.kind == "refresh_token"]
    return {
        "refreshes": len(refreshes),
        "by_outcome": dict(Counter(f"{call.provider} {call.outcome}" for call in refreshes)),
        "by_fault": dict(Counter(call.fault for call in refreshes if call.fault)),
        "hung_up": sum(call.gone_at is not None for call in refreshes),
    }


def _story(finding: Finding, evidence: Evidence) -> dict[str, Any]:
    lines = timeline.tell(evidence, person=finding.person, at=finding.at)
    return finding.to_json() | {"timeline": lines}


def table(summary: dict[str, Any]) -> str:
    """Return the table, and the first offenders' stories below it."""
    return "\n".join([*_done(summary), "", *_counted(summary), "", *_offenders(summary)])


def _done(summary: dict[str, Any]) -> Iterator[str]:
    options, calls = summary["options"], summary["calls"]
    yield f"Chaos: {options['kills']} kills, seed {options['seed']}, {summary['cores']} cores"
    done = ", ".join(f"{what} {number}" for what, number in sorted(summary["done"].items()))
    yield f"  done      {done}"
    moments = summary["kill_moments"].items()
    yield f"  killed    {', '.join(f'{what} {number}' for what, number in sorted(moments))}"
    yield f"  refreshes {calls['refreshes']}, hung up {calls['hung_up']}"
    outcomes = sorted(calls["by_outcome"].items())
    yield f"            {', '.join(f'{what} {number}' for what, number in outcomes)}"
    for name in ("accounts", "reads", "people", "events", "journal", "errors_logged"):
        shown = ", ".join(f"{what} {number}" for what, number in sorted(summary[name].items()))
        yield f"  {name:9} {shown or 'none'}"


def _counted(summary: dict[str, Any]) -> Iterator[str]:
    yield f"{'':{WIDTH}} found  wanted"
    for kind, text in OFFENCES.items():
        yield f"{text:{WIDTH}} {summary['offences'][kind]:5}       0"
    for kind, text in NOTED.items():
        yield f"{text:{WIDTH}} {summary['noted'][kind]:5} counted"
    for cause, number in sorted(summary["window"]["by_cause"].items()):
        yield f"  {cause:{WIDTH - 2}} {number:5}"
    if late := summary["window"]["milliseconds_after_reading"]:
        yield f"  killed so many milliseconds after the answer was read: {late}"


def _offenders(summary: dict[str, Any]) -> Iterator[str]:
    for offender in summary["offenders"][:STORIES]:
        yield f"{offender['kind']} {offender['cause']} {offender['person']}: {offender['text']}"
        yield from (f"    {line}" for line in offender["timeline"])
        yield ""
    yield "PASSED" if summary["passed"] else "FAILED"


def write(summary: dict[str, Any], options: Options) -> None:
    """Write the file."""
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(summary, indent=1) + "\n")
