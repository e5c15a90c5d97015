"""Many readers of the same expired accounts at once: one call each, and a token for everybody."""

from __future__ import annotations

from typing import Final

from tests.bench.figures import Figures
from tests.bench.options import Options
from tests.bench.place import Place, provider
from tests.bench.programs import running
from tests.bench.readers import ByHandView, EvergrantApi, Service

READERS: Final = 64
PROCESSES: Final = 2
ACCOUNTS: Final = 100
DELAY: Final = 0.1
DAY: Final = 86_400.0


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Count the calls when 64 readers want 100 expired accounts, through two processes."""
    accounts = options.some(ACCOUNTS)
    calls: dict[str, int] = {}
    with provider() as mock:
        mock.control(lifetime=DAY, delay=DELAY)
        services: list[Service] = [EvergrantApi(place, mock), ByHandView(place, mock)]
        for service in services:
            service.fill(accounts)
            service.start(PROCESSES)
            with running(*service.programs):
                service.read(connections=PROCESSES * 4, count=accounts)
                service.expire(accounts)
                mock.control(reset=True)
                load = service.read(connections=READERS, count=accounts, each=True)
            report = mock.report()
            calls[service.name] = report["calls"]
            if service.name == "evergrant":
                figures.check("statuses", found=load.statuses, wanted={"200": READERS * accounts})
                figures.check("calls", found=report["calls"], wanted=accounts)
                figures.check("tokens used twice", found=report["repeated"], wanted=0)
                figures.check("different tokens", found=load.tokens, wanted=accounts)
                figures.check("answers without token", found=load.tokenless, wanted=0)
                figures.add("stampede.slowest_reader", load.latencies[3] / 1000, "s")
    figures.add("stampede.calls", calls["evergrant"], "calls", baseline=accounts)
    figures.add("stampede.calls.by_hand", calls["evergrant"], "calls", baseline=calls["by_hand"])
