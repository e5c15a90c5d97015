"""What will happen, drawn beforehand from a seed: kills, and other faults in proportion."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import faults
from tests.chaos.aiming import ANSWERED, ARRIVED, POINTS, WORKED

KILL = "kill"
RESTART_DATABASE = "restart_database"
STOP_WORKER = "stop_worker"
REVOKE = "revoke"
# How many of each there are to a hundred kills; of every kind at least one.
PER_HUNDRED_KILLS = {
    faults.CUT: 20,
    faults.TRUNCATE: 6,
    faults.DROP: 8,
    faults.UNAVAILABLE: 8,
    faults.THROTTLED: 5,
    faults.SLOW: 5,
    faults.HANG: 2,
    RESTART_DATABASE: 6,
    STOP_WORKER: 3,
    REVOKE: 6,
}
# At which moment of a hundred kills: any, or a point of a token call of the victim.
ANYTIME = "anytime"
MOMENTS = {ANYTIME: 40, ARRIVED: 10, WORKED: 15, ANSWERED: 35}
# Who is killed at any moment.
WORKER, WEB, DELIVERER = "worker", "web", "deliverer"
VICTIMS = {WORKER: 86, WEB: 8, DELIVERER: 6}
# After the answer was sent, the victim reads, journals and stores it: mean time to the kill.
MEAN_DELAY_SECONDS = 0.004
LONGEST_DELAY_SECONDS = 0.1
# What needs long to pass comes early, so that the end is not spent waiting for it.
EARLY_SHARE = 0.3
EARLY = (STOP_WORKER, faults.HANG)
# A killed deliverer's webhooks wait for its lease: it is left alone towards the end.
DELIVERER_SHARE = 0.6


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do, ``pause`` seconds after the one before."""

    action: str
    pause: float
    details: dict[str, Any] = field(default_factory=dict)


def make_plan(*, kills: int, seed: int, pace: float, providers: list[str]) -> list[Step]:
    """Return the steps of a run with ``kills`` kills, ``pace`` seconds apart in the mean."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    others = [
        kind
        for kind, share in PER_HUNDRED_KILLS.items()
        for _ in range(max(1, share * kills // 100))
    ]
    actions = [KILL] * kills + others
    chance.shuffle(actions)
    actions = _early_first(actions, chance)
    # A fault accompanies the kills and takes no time of its own.
    pause = pace * kills / len(actions)
    return [
        Step(
            action=action,
            pause=min(chance.expovariate(1 / pause), 5 * pause),
            details=_details(
                action, chance, providers, spare_deliverer=index > DELIVERER_SHARE * len(actions)
            ),
        )
        for index, action in enumerate(actions)
    ]


def _early_first(actions: list[str], chance: random.Random) -> list[str]:
    early = [action for action in actions if action in EARLY]
    rest = [action for action in actions if action not in EARLY]
    for action in early:
        rest.insert(chance.randrange(max(1, int(EARLY_SHARE * len(rest)))), action)
    return rest


def _details(
    action: str, chance: random.Random, providers: list[str], *, spare_deliverer: bool
) -> dict[str, Any]:
    if action == KILL:
        return _kill(chance, spare_deliverer=spare_deliverer)
    if action == RESTART_DATABASE:
        return {"mode": chance.choice(["immediate", "kill"]), "down": chance.uniform(0.0, 2.0)}
    if action == STOP_WORKER:
        return {}
    if action == REVOKE:
        return {"provider": chance.choice(providers), "draw": chance.random()}
    return {"provider": chance.choice(providers), "fault": _fault(action, chance)}


def _kill(chance: random.Random, *, spare_deliverer: bool) -> dict[str, Any]:
    moment = _weighted(MOMENTS, chance)
    # The deliverer makes no token calls, so there is no point of one to kill it at.
    spared = spare_deliverer or moment in POINTS
    victim = _weighted(VICTIMS | {DELIVERER: 0} if spared else VICTIMS, chance)
    delay = 0.0
    if moment == ANSWERED:
        delay = min(chance.expovariate(1 / MEAN_DELAY_SECONDS), LONGEST_DELAY_SECONDS)
    return {"moment": moment, "delay": delay, "victim": victim, "draw": chance.random()}


def _fault(kind: str, chance: random.Random) -> dict[str, Any]:
    if kind in {faults.UNAVAILABLE, faults.THROTTLED}:
        return {"kind": kind, "calls": 1_000_000, "seconds": 1.0}
    if kind == faults.HANG:
        # Longer than a token call may last.
        return {"kind": kind, "calls": 1, "hold": 25.0}
    if kind == faults.SLOW:
        return {"kind": kind, "calls": chance.randint(1, 4), "hold": chance.uniform(0.5, 3.0)}
    return {"kind": kind, "calls": chance.randint(1, 3)}


def _weighted(weights: dict[str, int], chance: random.Random) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
