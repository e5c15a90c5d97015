"""Accounts refreshed per second, beside a bare loop and beside what is written by hand.

The time of a round goes from the first call that reaches the provider until the last new token is
committed, the same for all. All of them write to the same server with durable commits.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.bench.contestants import BareLoop, ByHand, Contestant, Evergrant
from tests.bench.figures import Figures
from tests.bench.options import Options
from tests.bench.place import Place, ProviderProcess, provider
from tests.bench.programs import running

DELAYS: Final = {"0ms": 0.0, "100ms": 0.1}
# How many accounts a round takes: enough for some seconds.
COUNTS: Final = {
    ("evergrant", "0ms"): 1500,
    ("bare_loop", "0ms"): 1500,
    ("by_hand", "0ms"): 300,
    ("evergrant", "100ms"): 1500,
    ("bare_loop", "100ms"): 600,
    ("by_hand", "100ms"): 30,
}
WARM_UP: Final = 64
LONGEST_ROUND_SECONDS: Final = 300.0
DAY: Final = 86_400.0


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Measure at each delay with each number of processes."""
    with provider() as mock:
        kinds: tuple[type[Contestant], ...] = (Evergrant, BareLoop, ByHand)
        contestants = [kind(place, mock) for kind in kinds]
        for contestant in contestants:
            contestant.fill(max(WARM_UP, *(_count(contestant, d, options) for d in DELAYS)))
        for processes in options.processes:
            _measure_with(processes, mock, contestants, options, figures)


def _measure_with(
    processes: int,
    mock: ProviderProcess,
    contestants: list[Contestant],
    options: Options,
    figures: Figures,
) -> None:
    for contestant in contestants:
        contestant.programs.clear()
        contestant.start(processes)
    programs = [program for contestant in contestants for program in contestant.programs]
    suffix = "" if processes == 1 else f".{processes}_processes"
    with running(*programs):
        for contestant in contestants:
            mock.control(delay=0, lifetime=DAY)
            _round(mock, contestant, min(WARM_UP, options.some(WARM_UP)), figures)
            contestant.freeze()
        for delay_name, delay in DELAYS.items():
            mock.control(delay=delay)
            rates: dict[str, list[float]] = {each.name: [] for each in contestants}
            costs: dict[str, list[float]] = {each.name: [] for each in contestants}
            for _ in range(options.rounds):
                for contestant in contestants:
                    contestant.thaw()
                    count = _count(contestant, delay_name, options)
                    cpu = contestant.cpu_seconds()
                    rates[contestant.name].append(_round(mock, contestant, count, figures))
                    costs[contestant.name].append(1000 * (contestant.cpu_seconds() - cpu) / count)
                    contestant.freeze()
            for baseline in ("bare_loop", "by_hand"):
                name = f"refresh.{delay_name}.{baseline}{suffix}"
                figures.compare(name, rates["evergrant"], rates[baseline], "accounts/s")
                figures.compare(f"{name}.cpu", costs["evergrant"], costs[baseline], "ms/account")


def _count(contestant: Contestant, delay: str, options: Options) -> int:
    return options.some(COUNTS[contestant.name, delay])


def _round(mock: ProviderProcess, contestant: Contestant, count: int, figures: Figures) -> float:
    """Have ``count`` accounts refreshed; return how many that were per second."""
    before, stored = contestant.generations(), contestant.stored()
    mock.control(reset=True)
    contestant.make_due(count)
    _wait(contestant, lambda: mock.report()["calls"] >= count, pause=0.02)
    _wait(contestant, lambda: contestant.stored() - stored >= count, pause=0.005)
    seconds = time.time() - float(mock.report()["first_at"])
    _check(figures, mock, contestant, before, count)
    return count / seconds


def _wait(contestant: Contestant, done: Callable[[], bool], *, pause: float) -> None:
    deadline = time.monotonic() + LONGEST_ROUND_SECONDS
    while not done():
        for program in contestant.programs:
            program.check_alive()
        if time.monotonic() > deadline:
            raise RuntimeError(f"{contestant.name} was not done in {LONGEST_ROUND_SECONDS} s")
        time.sleep(pause)


def _check(
    figures: Figures,
    mock: ProviderProcess,
    contestant: Contestant,
    before: dict[str, int],
    count: int,
) -> None:
    """Check that each of ``count`` accounts was called for once and has one new generation."""
    what = f"{contestant.name}, {count} accounts"
    report, after = mock.report(), contestant.generations()
    steps = Counter(after[name] - generation for name, generation in before.items())
    figures.check(f"{what}: calls", found=report["calls"], wanted=count)
    figures.check(f"{what}: tokens used twice", found=report["repeated"], wanted=0)
    figures.check(f"{what}: accounts with one new token", found=steps[1], wanted=count)
    figures.check(f"{what}: untouched", found=steps[0], wanted=len(before) - count)
