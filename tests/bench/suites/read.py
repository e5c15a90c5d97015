"""Credentials read per second over HTTP, beside a view written by hand.

Both are served by one web process. Expired accounts are read once each, so that every read has to
call the provider.
"""

from __future__ import annotations

from typing import Final

from tests.bench.figures import Figures, tell
from tests.bench.load import Job, Load
from tests.bench.options import Options
from tests.bench.place import Place, ProviderProcess, drive, provider
from tests.bench.programs import running
from tests.bench.readers import ByHandView, EvergrantApi, Service

CONNECTIONS: Final = 16
ACCOUNTS: Final = 1000
FRESH_SECONDS: Final = 4.0
WARM_UP: Final = 100
# How many expired accounts a round reads.
EXPIRED: Final = {
    ("evergrant", "0ms"): 400,
    ("by_hand", "0ms"): 400,
    ("evergrant", "100ms"): 300,
    ("by_hand", "100ms"): 80,
}
DELAYS: Final = {"0ms": 0.0, "100ms": 0.1}
DAY: Final = 86_400.0


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Measure fresh and expired reads."""
    with provider() as mock:
        mock.control(lifetime=DAY)
        services: list[Service] = [EvergrantApi(place, mock), ByHandView(place, mock)]
        for service in services:
            service.fill(ACCOUNTS)
            service.start(1)
            tell(f"  {service.name}: 1 process with {service.threads} threads")
        with running(*(program for service in services for program in service.programs)):
            for service in services:
                service.read(connections=CONNECTIONS, count=WARM_UP)
                service.freeze()
            fresh = _measure_fresh(services, options, figures)
            _measure_generator(mock, fresh, figures)
            for name, delay in DELAYS.items():
                mock.control(delay=delay)
                _measure_expired(name, mock, services, options, figures)


def _measure_fresh(services: list[Service], options: Options, figures: Figures) -> float:
    seconds = max(FRESH_SECONDS * options.share, 0.5)
    rates: dict[str, list[float]] = {service.name: [] for service in services}
    costs: dict[str, list[float]] = {service.name: [] for service in services}
    tails: list[float] = []
    for _ in range(options.rounds):
        for service in services:
            service.thaw()
            cpu = service.cpu_seconds()
            load = service.read(connections=CONNECTIONS, count=ACCOUNTS, seconds=seconds)
            costs[service.name].append(1000 * (service.cpu_seconds() - cpu) / load.answers)
            service.freeze()
            rates[service.name].append(load.rate)
            _check(figures, f"{service.name}, fresh", load)
            if service.name == "evergrant":
                tails.append(load.latencies[1])
    figures.compare("read.fresh.by_hand", rates["evergrant"], rates["by_hand"], "reads/s")
    figures.compare("read.fresh.by_hand.cpu", costs["evergrant"], costs["by_hand"], "ms/read")
    figures.add("read.fresh.p95", sorted(tails)[len(tails) // 2], "ms")
    return max(rates["evergrant"])


def _measure_generator(mock: ProviderProcess, fresh: float, figures: Figures) -> None:
    """Show how much faster the load generator could ask than the servers answer."""
    job = Job(ports=[mock.port], connections=CONNECTIONS, paths=["/"], headers={}, seconds=0.5)
    figures.add("read.load_generator", drive(job).rate, "requests/s", baseline=fresh)


def _measure_expired(
    delay: str, mock: ProviderProcess, services: list[Service], options: Options, figures: Figures
) -> None:
    rates: dict[str, list[float]] = {service.name: [] for service in services}
    costs: dict[str, list[float]] = {service.name: [] for service in services}
    for _ in range(options.rounds):
        for service in services:
            count = options.some(EXPIRED[service.name, delay])
            what = f"{service.name}, {count} expired at {delay}"
            service.expire(count)
            mock.control(reset=True)
            service.thaw()
            cpu = service.cpu_seconds()
            load = service.read(connections=CONNECTIONS, count=count)
            costs[service.name].append(1000 * (service.cpu_seconds() - cpu) / count)
            service.freeze()
            rates[service.name].append(load.rate)
            _check(figures, what, load)
            report = mock.report()
            figures.check(f"{what}: calls", found=report["calls"], wanted=count)
            figures.check(f"{what}: tokens used twice", found=report["repeated"], wanted=0)
            figures.check(f"{what}: tokens", found=load.tokens, wanted=count)
    name = f"read.expired.{delay}.by_hand"
    figures.compare(name, rates["evergrant"], rates["by_hand"], "reads/s")
    figures.compare(f"{name}.cpu", costs["evergrant"], costs["by_hand"], "ms/read")


def _check(figures: Figures, what: str, load: Load) -> None:
    figures.check(f"{what}: statuses", found=set(load.statuses), wanted={"200"})
    figures.check(f"{what}: ended tokens", found=load.stale, wanted=0)
    figures.check(f"{what}: answers without token", found=load.tokenless, wanted=0)
