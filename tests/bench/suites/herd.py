"""A herd: a hundred thousand accounts whose tokens end within one minute.

They were connected in one minute, and the schedule has spread their refreshes as it does for every
token. Two processes refresh them while readers ask for tokens all the time. A second herd has no
such luck: the worker was away, everything is due at once and ends within the next minute.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from connections.models import ConnectedAccount, Credentials
from integrations.catalog import get_toolkit
from tests.bench import seeding
from tests.bench.figures import Figures, tell
from tests.bench.load import Job
from tests.bench.options import Options
from tests.bench.place import Place, ProviderProcess, drive, provider
from tests.bench.programs import running, start_worker
from tests.bench.readers import EvergrantApi

PROCESSES: Final = 2
MINUTE: Final = 60.0
# Of the herd: what is due at once.
AT_ONCE_SHARE: Final = 0.05
DELAY: Final = 0.05
DAY: Final = 86_400.0
# Two connections with this pause ask for ten tokens a second at the most.
READERS: Final = 2
READING_PAUSE: Final = 0.2
READING_SECONDS: Final = 10.0
# Starting the processes and making an account take less; what is left of the time is waited.
STARTING_SECONDS: Final = 20.0
FILLING_SECONDS: Final = 0.0008
# Fewer refreshes per second than that, and the run is given up.
SLOWEST_RATE: Final = 60.0
PERCENTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

# By account: when it is due, and when its token ends.
Times = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Herd:
    """Accounts, and when their tokens end and are due, in SQL (see `seeding.Times`).

    ``filling``: seconds from the making of the accounts to the beginning of the herd. ``window``:
    seconds from then on in which they fall due.
    """

    name: str
    count: int
    filling: float
    window: float
    times: seeding.Times


@dataclass
class Sample:
    """What readers saw meanwhile."""

    reads: int = 0
    stale: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def measure(place: Place, options: Options, figures: Figures) -> None:
    """Measure both herds."""
    with provider() as mock:
        mock.control(lifetime=DAY, delay=DELAY)
        for number, herd in enumerate((_scheduled(options), _at_once(options)), start=1):
            _run(herd, number, place, mock, figures)


def _scheduled(options: Options) -> Herd:
    toolkit = get_toolkit("sandbox")
    life, share, jitter = options.herd_lifetime, toolkit.refresh_share, toolkit.refresh_jitter
    filling = STARTING_SECONDS + options.herd * FILLING_SECONDS
    obtained = f"now() + interval '1 second' * ({filling - life * (share - jitter)} + r * {MINUTE})"
    # The schedule's own jitter is another random number than that of the minute.
    wait = f"({life} * ({share} + (random() * 2 - 1) * {jitter}))"
    return Herd(
        name=f"{options.herd // 1000}k",
        count=options.herd,
        filling=filling,
        window=MINUTE + 2 * jitter * life,
        times=seeding.Times(
            refreshed_at=obtained,
            expires_at=f"({obtained}) + interval '1 second' * {life}",
            refresh_at=f"({obtained}) + interval '1 second' * {wait}",
        ),
    )


def _at_once(options: Options) -> Herd:
    count = int(options.herd * AT_ONCE_SHARE)
    filling = STARTING_SECONDS + count * FILLING_SECONDS
    return Herd(
        name="at_once",
        count=count,
        filling=filling,
        window=0,
        times=seeding.Times(
            expires_at=f"now() + interval '1 second' * ({filling} + r * {MINUTE})",
            refresh_at=f"now() + interval '{filling} seconds'",
        ),
    )


def _run(herd: Herd, number: int, place: Place, mock: ProviderProcess, figures: Figures) -> None:
    began = time.monotonic()
    api = EvergrantApi(place, mock)
    api.fill(herd.count, times=herd.times, number=number)
    before = _remember()
    mock.control(reset=True)
    api.start(1)
    worker = start_worker(PROCESSES, place.environment, place.folder)
    with running(worker, *api.programs):
        tell(f"  {herd.name}: ready after {time.monotonic() - began:.0f} of {herd.filling:.0f} s")
        time.sleep(max(herd.filling - (time.monotonic() - began), 0))
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(_keep_reading, api, stop)
            try:
                _wait_for(herd, mock)
            finally:
                stop.set()
            sample = reading.result()
    _judge(herd, before, mock, sample, figures)


def _keep_reading(api: EvergrantApi, stop: threading.Event) -> Sample:
    """Read accounts at random until ``stop``; a few at a time, so that all get their turn."""
    sample = Sample()
    while not stop.is_set():
        load = drive(
            Job(
                ports=api.ports,
                connections=READERS,
                paths=random.sample(api.paths, min(500, len(api.paths))),
                headers=api.headers,
                seconds=READING_SECONDS,
                pause=READING_PAUSE,
            )
        )
        sample.reads += load.answers
        sample.stale += load.stale
        sample.statuses.update(load.statuses)
        sample.slowest = max(sample.slowest, load.latencies[3])
    return sample


def _remember() -> Times:
    """Return by account when the first token was due for a refresh, and when it ends."""
    rows = ConnectedAccount.objects.filter(credentials__generation=1)
    facts = rows.values_list("pk", "refresh_at", "expires_at")
    return {pk: (due, ends) for pk, due, ends in facts}


def _wait_for(herd: Herd, mock: ProviderProcess) -> None:
    deadline = time.monotonic() + herd.window + MINUTE + herd.count / SLOWEST_RATE
    # Counting the database's rows is not for free, so the calls are counted first.
    while mock.report()["calls"] < herd.count and time.monotonic() < deadline:
        time.sleep(1)
    waiting = Credentials.objects.filter(generation=1)
    while (left := waiting.count()) and time.monotonic() < deadline:
        time.sleep(1)
    tell(f"  {herd.name}: {herd.count - left:,} of {herd.count:,} refreshed")


def _judge(
    herd: Herd, before: Times, mock: ProviderProcess, sample: Sample, figures: Figures
) -> None:
    report = mock.report()
    after_due, after_end = _lateness(before)
    figures.check("accounts with one new token", found=len(after_due), wanted=herd.count)
    figures.check("calls", found=report["calls"], wanted=herd.count)
    figures.check("tokens used twice", found=report["repeated"], wanted=0)
    figures.check("ended tokens served", found=sample.stale, wanted=0)
    for name, share in PERCENTILES.items():
        for what, late in (("after_due", after_due), ("after_end", after_end)):
            if late:
                value = late[int(share * (len(late) - 1))]
                figures.add(f"herd.{herd.name}.{what}.{name}", value, "s")
    figures.add(f"herd.{herd.name}.reads", sample.reads, "reads")
    refused = sample.reads - sample.statuses["200"]
    figures.add(f"herd.{herd.name}.reads_refused", refused, "reads")
    figures.add(f"herd.{herd.name}.slowest_read", sample.slowest / 1000, "s")
    figures.add(f"herd.{herd.name}.busiest_second", report["busiest_second"], "calls")
    cap = get_toolkit("sandbox").calls.endpoint_concurrency
    at_once = report["most_under_way"]
    figures.add(f"herd.{herd.name}.calls_at_once", at_once, "calls", baseline=cap)
    # Whoever waits for a token is not kept waiting by the workers' cap.
    figures.check("within the endpoint's cap", found=at_once <= cap + READERS, wanted=True)


def _lateness(before: Times) -> tuple[list[float], list[float]]:
    """Return, for each refreshed account, the seconds after it was due and after the token's end.

    They are negative where it was refreshed in time.
    """
    rows = ConnectedAccount.objects.filter(credentials__generation=2)
    moments: dict[str, Any] = dict(rows.values_list("pk", "refreshed_at"))
    refreshed = [(moments[pk], *times) for pk, times in before.items() if pk in moments]
    after_due = sorted((at - due).total_seconds() for at, due, _ in refreshed)
    after_end = sorted((at - ends).total_seconds() for at, _, ends in refreshed)
    return after_due, after_end
