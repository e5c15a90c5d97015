"""Does what the plan says, to the real processes, and writes down what it did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests

from tests.chaos.plan import (
    ANYTIME,
    KILL,
    RESTART_DATABASE,
    REVOKE,
    STOP_WORKER,
    WEB,
    WORKER,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from tests.chaos.chronicle import Deed
    from tests.chaos.programs import Program
    from tests.chaos.provider_process import ProviderProcess
    from tests.chaos.world import World

AIM_SECONDS = 6.0
LOOK_SECONDS = 0.02
# One kill in so many comes while the victim is still starting, and perhaps draining.
UNRIPE_SHARE = 0.15
# Who logs nothing is taken to work after so many times the usual age.
PATIENT = 6
# A stopped worker sleeps so much longer than its lease.
OVERSLEEP_SECONDS = 4.0
# What a process that ended by itself is noted as.
DIED = "died_by_itself"
# What the plan's kill is noted as once it has struck.
KILLED = "killed"


class Doer:
    """Runs steps in the main thread, one at a time; what lasts longer is ended by `tick`."""

    def __init__(self, world: World, persons: list[str]) -> None:
        self.kills = 0
        self._world = world
        self._chronicle = world.chronicle
        self._persons = persons
        self._asleep: list[tuple[Program, Deed]] = []
        self._web_away: list[Deed] = []

    def do(self, step: Step) -> None:
        """Do one step."""
        deeds: dict[str, Callable[[Step], None]] = {
            KILL: self._kill,
            RESTART_DATABASE: self._restart_database,
            STOP_WORKER: self._stop_worker,
            REVOKE: self._revoke,
        }
        deeds.get(step.action, self._misbehave)(step)

    def tick(self) -> None:
        """Wake who has slept long enough, and start again who has died by itself."""
        now = time.time()
        for program, deed in list(self._asleep):
            if now - deed.at > self._world.options.lease + OVERSLEEP_SECONDS:
                self._wake(program, deed)
        for program in self._world.programs:
            if not program.lives:
                code = program.exit_code()
                deed = self._chronicle.note(DIED, pids=[program.pid], name=program.name, code=code)
                program.start()
                if program.kind == WEB:
                    self._web_away.append(deed)
        if self._web_away and self._world.web_answers():
            for deed in self._web_away:
                deed.until = time.time()
            self._web_away.clear()

    def finish(self) -> None:
        """Wake everybody and have the providers behave."""
        for provider in self._world.providers.values():
            provider.behave()
        while self._asleep or self._web_away:
            self.tick()
            time.sleep(LOOK_SECONDS)

    def _wake(self, program: Program, deed: Deed) -> None:
        self._asleep.remove((program, deed))
        deed.until = time.time()
        program.go_on()

    # --- Kills -----------------------------------------------------------------------------------

    def _kill(self, step: Step) -> None:
        if step.details["moment"] == ANYTIME or not self._shoot(step):
            victim = self._victim(step.details["victim"], step.details["draw"])
            self._strike(victim, moment=ANYTIME)
        self.kills += 1

    def _strike(
        self,
        victim: Program,
        *,
        moment: str,
        at: float | None = None,
        call: str = "",
        known: Collection[int] = (),
    ) -> None:
        """Kill the whole of it, note that, and start it again.

        ``known`` are processes of it that may be dead and collected by now.
        """
        pids = sorted({*victim.pids(), *known})
        at = at or time.time()
        victim.kill()
        deed = self._chronicle.note(
            KILLED, at=at, pids=pids, name=victim.name, moment=moment, call=call
        )
        victim.start()
        if victim.kind == WEB:
            self._web_away.append(deed)

    def _victim(self, kind: str, draw: float) -> Program:
        """Return a process that is at work, waiting for one; mostly."""
        while True:
            awake = [each for each in self._world.of_kind(kind) if not each.stopped]
            ripe = [each for each in awake if self._is_ripe(each)]
            among = awake if draw < UNRIPE_SHARE or kind != WORKER else ripe
            if among:
                return among[int(draw * 1000) % len(among)]
            self.tick()
            time.sleep(LOOK_SECONDS)

    def _is_ripe(self, program: Program) -> bool:
        """Whether it has worked for a while; on a busy machine it takes long to start."""
        ripe = self._world.options.ripe
        return program.age > PATIENT * ripe or (program.works and program.age > ripe)

    def _shoot(self, step: Step) -> bool:
        """Have a provider kill whoever calls next; return whether it did."""
        name = list(self._world.providers)[int(step.details["draw"] * 1000) % 2]
        provider = self._world.providers[name]
        pids = {
            pid: each
            for each in self._world.of_kind(step.details["victim"])
            if not each.stopped
            for pid in each.pids()
        }
        moment = step.details["moment"]
        provider.aim(point=moment, delay=step.details["delay"], pids=list(pids))
        shot = _wait_for_shot(provider)
        if shot is None:
            return False
        victim = pids[shot["pid"]]
        known = [pid for pid, each in pids.items() if each is victim]
        self._strike(victim, moment=moment, at=shot["at"], call=shot["call"], known=known)
        return True

    # --- Other faults ----------------------------------------------------------------------------

    def _misbehave(self, step: Step) -> None:
        provider = self._world.providers[step.details["provider"]]
        provider.turn_on(step.details["fault"])
        self._chronicle.note(step.action, **step.details)

    def _restart_database(self, step: Step) -> None:
        deed = self._chronicle.note(RESTART_DATABASE, **step.details)
        self._world.database.restart(mode=step.details["mode"], down=step.details["down"])
        deed.until = time.time()

    def _stop_worker(self, step: Step) -> None:
        """Freeze a worker for longer than its lease, unless only one is awake."""
        awake = [each for each in self._world.of_kind(WORKER) if not each.stopped]
        if len(awake) < 2:
            return
        victim = max(awake, key=lambda each: each.age)
        deed = self._chronicle.note(STOP_WORKER, pids=victim.pids(), name=victim.name)
        victim.stop()
        self._asleep.append((victim, deed))

    def _revoke(self, step: Step) -> None:
        """Have a person withdraw her consent at the provider."""
        name = step.details["provider"]
        own = [person for person in self._persons if person.startswith(name)]
        person = own[int(step.details["draw"] * len(own))]
        try:
            revoked = self._world.providers[name].revoke(person)
        except requests.RequestException as error:
            raise RuntimeError(f"the provider {name} does not answer") from error
        if revoked is not None:
            self._chronicle.note(REVOKE, at=revoked["at"], person=person, family=revoked["family"])


def _wait_for_shot(provider: ProviderProcess) -> dict[str, Any] | None:
    """Return whom the provider killed, or None where nobody called it in time."""
    deadline = time.monotonic() + AIM_SECONDS
    while True:
        time.sleep(LOOK_SECONDS)
        if shot := provider.shot():
            return shot
        if time.monotonic() > deadline and provider.hold_fire():
            return None
