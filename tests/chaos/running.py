"""One run from start to verdict."""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.chaos import evidence, report
from tests.chaos.deeds import DIED, KILLED, Doer
from tests.chaos.explaining import explain
from tests.chaos.inbox import Inbox
from tests.chaos.journalled import JournalWatch
from tests.chaos.options import Options
from tests.chaos.people import People
from tests.chaos.plan import DELIVERER, WORKER, make_plan
from tests.chaos.readers import Readers
from tests.chaos.settling import settle
from tests.chaos.world import World

TICK_SECONDS = 0.1
PROGRESS_SECONDS = 10.0


class Run:
    """Starts a world, breaks it by the plan, lets it settle, and explains what is left."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._world = World(options)
        self._people = People(self._world)
        self._inbox = Inbox(self._world, on_news=self._people.hand_link)
        self._journal = JournalWatch(self._world.journal_folder)
        self._began = time.monotonic()
        self._told = 0.0

    def run(self) -> dict[str, Any]:
        """Return the summary, which is written to the output as well."""
        passed = False
        try:
            self._world.start()
            summary = self._live()
            passed = summary["passed"]
            report.write(summary, self._options)
        finally:
            keep = self._options.keep or not passed
            self._world.stop(keep=keep)
            if keep:
                self._say(f"logs, books of calls and the database are in {self._world.folder}")
        return summary

    def _live(self) -> dict[str, Any]:
        self._say(f"seed {self._options.seed}, everything runs; people connect")
        self._inbox.start()
        self._journal.start()
        self._people.connect_all()
        readers = Readers(self._world, self._people.accounts)
        readers.start()
        doer = Doer(self._world, list(self._people.accounts))
        self._say(f"{len(self._people.accounts)} accounts connected; the killing begins")
        self._break(doer, readers)
        doer.finish()
        readers.finish()
        self._people.finish()
        quiet, left = self._settle(doer)
        self._say("all is quiet" if quiet else f"{left} things did not come to rest")
        now = time.time()
        self._end_workers()
        self._inbox.finish()
        self._journal.finish()
        return self._explain(readers, now=now)

    def _break(self, doer: Doer, readers: Readers) -> None:
        options = self._options
        plan = make_plan(
            kills=options.kills,
            seed=options.seed,
            pace=options.pace,
            providers=list(self._world.providers),
        )
        for step in plan:
            ends = time.monotonic() + step.pause
            while time.monotonic() < ends:
                doer.tick()
                time.sleep(TICK_SECONDS)
            doer.do(step)
            self._progress(doer, readers)

    def _settle(self, doer: Doer) -> tuple[bool, int]:
        self._say("nothing is broken any more; everything comes to rest")
        return settle(
            database_url=self._world.database.url,
            since=time.time(),
            seconds=self._options.settle,
            tick=doer.tick,
        )

    def _end_workers(self) -> None:
        """Have the workers end in order, so that nothing moves while it is looked at."""
        for program in [*self._world.of_kind(WORKER), *self._world.of_kind(DELIVERER)]:
            code = program.end()
            if code != 0:
                self._world.chronicle.note(DIED, name=program.name, code=code)

    def _explain(self, readers: Readers, *, now: float) -> dict[str, Any]:
        seen = evidence.collect(
            self._world,
            arrivals=self._inbox.arrivals,
            oddities=readers.oddities,
            journalled=self._journal.entries,
            now=now,
        )
        counts = {
            "reads": dict(readers.counts),
            "people": dict(self._people.counts),
            "seconds": round(time.monotonic() - self._began, 1),
        }
        return report.summarise(
            options=self._options, evidence=seen, findings=explain(seen), counts=counts
        )

    def _progress(self, doer: Doer, readers: Readers) -> None:
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS:
            return
        self._told = now
        others = sum(self._world.chronicle.counts().values())
        others -= self._world.chronicle.counts()[KILLED]
        reads = readers.counts["read_200"]
        arrived = len(self._inbox.arrivals)
        self._say(
            f"{doer.kills}/{self._options.kills} kills, {others} other faults,"
            f" {reads} good reads, {arrived} webhooks"
        )

    def _say(self, text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - self._began:6.1f} s] {text}\n")
        sys.stdout.flush()
