"""Resident memory of idle processes, with the processes that they start."""

from __future__ import annotations

import time
from typing import Final

from tests.bench.figures import Figures
from tests.bench.options import Options
from tests.bench.place import Place, provider
from tests.bench.programs import running, start_worker
from tests.bench.readers import ByHandView, EvergrantApi

ACCOUNTS: Final = 20
SETTLING_SECONDS: Final = 5.0
MIB: Final = 1024 * 1024


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Measure a worker and both web servers after some requests."""
    with provider() as mock:
        api, view = EvergrantApi(place, mock), ByHandView(place, mock)
        for service in (api, view):
            service.fill(ACCOUNTS)
            service.start(1)
        worker = start_worker(1, place.environment, place.folder)
        with running(worker, *api.programs, *view.programs):
            api.expire(ACCOUNTS)
            for service in (api, view):
                service.read(connections=4, count=ACCOUNTS)
            time.sleep(SETTLING_SECONDS)
            figures.add("memory.worker", worker.resident_bytes() / MIB, "MiB")
            web, baseline = (each.programs[0].resident_bytes() / MIB for each in (api, view))
            figures.add("memory.web.by_hand", web, "MiB", baseline=baseline)
