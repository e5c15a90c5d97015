"""Why the answer to a call was lost, if it was: cut, or the caller killed, stopped, out of time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.chaos.attempts import STORED
from tests.chaos.deeds import DIED, KILLED
from tests.chaos.faults import LOSES_ANSWER
from tests.chaos.plan import RESTART_DATABASE, STOP_WORKER

if TYPE_CHECKING:
    from tests.chaos.attempts import Attempt
    from tests.chaos.calls import Call
    from tests.chaos.chronicle import Deed
    from tests.chaos.evidence import Evidence

ANSWER_CUT = "answer_cut"
ANSWER_LATE = "answer_late"
KILLED_BEFORE_ROTATION = "killed_before_rotation"
KILLED_BEFORE_ANSWER = "killed_before_answer"
KILLED_BEFORE_READING = "killed_before_reading"
KILLED_AFTER_READING = "killed_after_reading"
STOPPED = "stopped"
DATABASE_AWAY = "database_away"
LOCKED_BY_STOPPED = "locked_by_stopped"
# A call may last 20 seconds; who hung up so late gave up.
PATIENCE_SECONDS = 18.0
# Only new tokens are journalled: a refusal is in memory until it is stored, however long that
# takes. To lose it costs nothing but another call.
REFUSAL_SECONDS = 60.0
# Nobody is under way with a claim for longer: a lease, and a stop on top of it.
CLAIM_SECONDS = 120.0
# For so long a process tries to store a refusal where somebody has locked the account, with the
# last wait for the lock.
STORING_SECONDS = 15.0
# From a claim to the call, on a busy machine.
CLAIMED_SECONDS = 1.0
# What a process sent right before it was killed is read so much later at the most; nobody else
# takes the account up sooner.
LATE_SECONDS = 0.2
# A worker with a hundred answers at once, on a busy machine.
LONGEST_QUEUE_SECONDS = 1.0
# Between a kill and the provider's seeing the connection closed.
NOTICE_SECONDS = 1.0


class Causes:
    """Looks up what happened to a caller."""

    def __init__(self, evidence: Evidence) -> None:
        self._window = evidence.window
        self._kills = evidence.deeds_of(KILLED)
        self._deaths = evidence.deeds_of(DIED)
        self._stops = evidence.deeds_of(STOP_WORKER)
        self._restarts = evidence.deeds_of(RESTART_DATABASE)
        persons = {account.id: account.person for account in evidence.accounts}
        self._attempts: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in sorted(evidence.attempts, key=lambda each: each.started_at):
            self._attempts[persons.get(attempt.account, "")].append(attempt)
        self._journalled = evidence.journalled
        self._writes: dict[int, list[float]] = defaultdict(list)
        for entry in sorted(evidence.journalled.values(), key=lambda each: each.obtained_at):
            self._writes[entry.pid].append(entry.obtained_at)
        self._made_by: dict[int, Attempt | None] = {}

    def attempt_of(self, call: Call) -> Attempt | None:
        """Return the attempt that made the call: the last one that can have.

        A row of successful ones stands for many, and others may have come in between.
        """
        # Asked again for every doubt of the same person.
        if id(call) not in self._made_by:
            latest_first = reversed(self._attempts[call.person])
            able = (each for each in latest_first if self._can_have_made(each, call))
            self._made_by[id(call)] = next(able, None)
        return self._made_by[id(call)]

    def _can_have_made(self, attempt: Attempt, call: Call) -> bool:
        if call.at < attempt.started_at:
            return False
        # A row of successful ones names the worker of the last.
        if call.pid is not None and attempt.outcome != STORED and attempt.pid != call.pid:
            return False
        if attempt.finished_at is not None:
            return call.at <= attempt.finished_at
        kills = self._struck(
            self._kills, attempt.pid, attempt.started_at, attempt.started_at + CLAIM_SECONDS
        )
        return not kills or call.at <= kills[0].at + LATE_SECONDS or call.gone_at is not None

    def in_doubt(self, call: Call, *, at: float) -> bool:
        """Whether Evergrant knew then that the answer to ``call`` was missing."""
        if self._was_out(call) and call.read_at is not None and at < call.read_at:
            # Its lease ended meanwhile, and its answer was stored late.
            return True
        attempt = self.attempt_of(call)
        if attempt is None or attempt.outcome == STORED:
            return False
        if attempt.doubtful or attempt.ended_after(at):
            return True
        # Somebody had claimed the account already when the stopped one's answer was stored.
        claimed = at - CLAIMED_SECONDS
        return attempt.ended_after(claimed) and self._stopped_amid(attempt, call)

    def _stopped_amid(self, attempt: Attempt, call: Call) -> bool:
        """Whether the caller was stopped between the answer to ``call`` and storing it."""
        answered, stored = call.answered_at or call.at, attempt.finished_at or call.at
        return any(
            attempt.pid in deed.pids and answered <= deed.at and (deed.until or deed.at) <= stored
            for deed in self._stops
        )

    def lost(self, call: Call) -> str:
        """Return why nobody can have the answer to ``call``; empty where somebody should."""
        if call.fault in LOSES_ANSWER:
            return ANSWER_CUT
        if self._was_out(call):
            return STOPPED
        attempt = self.attempt_of(call)
        pid = self._caller(call, attempt)
        # Whoever hung up has no answer, though another one's attempt was stored after that.
        if call.gone_at is not None and (cause := self._hung_up(call, call.gone_at, pid)):
            return cause
        if attempt is not None and attempt.outcome == STORED:
            return ""
        return "" if call.answered_at is None else self._unread(call, call.answered_at, pid)

    def unwritten(self, call: Call) -> str:
        """Return why a refusal that arrived could not be stored; empty where it should have been.

        It stands in no journal, because nothing is lost with it: the token it is about is as dead
        or as good as before. So the database was away when it was to be stored, or a process that
        was stopped amid a transaction had the account locked for all the time of the tries.
        """
        if call.issued_tokens or call.answered_at is None:
            return ""
        arrived, tried = call.answered_at, call.answered_at + STORING_SECONDS
        for deed in self._restarts:
            if deed.at <= tried and (deed.until is None or arrived <= deed.until + NOTICE_SECONDS):
                return DATABASE_AWAY
        for deed in self._stops:
            if deed.at <= arrived and (deed.until is None or tried <= deed.until):
                return LOCKED_BY_STOPPED
        return ""

    def _unread(self, call: Call, answered_at: float, pid: int) -> str:
        """Return why an answer that was sent was not kept; empty where it should have been."""
        # A process that is killed on a busy machine closes its connections a little later.
        began = call.at - NOTICE_SECONDS
        if pid and (kills := self._struck(self._kills, pid, began, answered_at)):
            return _stage(call, kills[0].at)
        ends = self._window_ends(call, answered_at, pid)
        if kills := self._struck(self._kills, pid, answered_at, ends):
            unread = call.read_at is None or kills[0].at < call.read_at
            return KILLED_BEFORE_READING if unread else KILLED_AFTER_READING
        return STOPPED if self._slept(pid, answered_at, ends) else ""

    def seconds_after_reading(self, call: Call) -> float | None:
        """Return how long after reading the answer the caller was killed; None where it was not."""
        if call.read_at is None:
            return None
        pid = self._caller(call, self.attempt_of(call))
        kills = self._struck(self._kills, pid, call.read_at, call.read_at + self._window)
        return kills[0].at - call.read_at if kills else None

    def journalled(self, call: Call, *, before: float) -> bool:
        """Whether the tokens that ``call`` issued stood in the journal at that moment."""
        entry = self._journalled.get(call.issued_digest)
        return entry is not None and entry.obtained_at <= before

    def doubted(self, person: str, *, after: float, before: float) -> bool:
        """Whether an attempt that began in between was left without an outcome."""
        return any(
            each.doubtful and after <= each.started_at <= before for each in self._attempts[person]
        )

    def struck_at(self, pid: int, *, after: float, before: float) -> float | None:
        """Return when that process was first killed, stopped or found dead in between, if ever."""
        deeds = sorted([*self._kills, *self._stops, *self._deaths], key=lambda deed: deed.at)
        struck = (deed.at for deed in deeds if pid in deed.pids and after <= deed.at <= before)
        return next(struck, None)

    def _hung_up(self, call: Call, gone_at: float, pid: int) -> str:
        if kills := self._struck(self._kills, pid, gone_at - NOTICE_SECONDS, gone_at):
            return _stage(call, kills[-1].at)
        return ANSWER_LATE if gone_at - call.at > PATIENCE_SECONDS else ""

    @staticmethod
    def _caller(call: Call, attempt: Attempt | None) -> int:
        """Return the calling process: as the provider saw it, else by Evergrant's own record."""
        if call.pid is not None:
            return call.pid
        # A row of successful ones names one of many workers.
        return attempt.pid if attempt is not None and attempt.outcome != STORED else 0

    def _window_ends(self, call: Call, answered_at: float, pid: int) -> float:
        """Return until when a kill may have taken the answer to ``call`` along."""
        if not call.issued_tokens:
            return answered_at + REFUSAL_SECONDS
        if call.read_at is not None:
            return self._turn_came(call.read_at, pid)
        # It waited in the socket of a process that was too busy, or stopped, to read it. Where
        # nobody knows whose, any process's kill would do, so it had better be soon.
        return answered_at + (CLAIM_SECONDS if pid else self._window)

    def _turn_came(self, read_at: float, pid: int) -> float:
        """Return until when an answer that was read then may not have been written yet.

        A process with many answers at once writes them one after the other. As long as it does,
        the turn of this one may not have come.
        """
        ends = read_at + self._window
        for written in self._writes[pid]:
            if read_at < written <= ends:
                ends = written + self._window
        return min(ends, read_at + LONGEST_QUEUE_SECONDS)

    def _was_out(self, call: Call) -> bool:
        """Whether the caller was stopped, for longer than a lease, before it read the answer."""
        if call.answered_at is None or call.read_at is None or not call.pid:
            return False
        return any(
            call.pid in deed.pids and call.at <= (deed.until or deed.at) <= call.read_at
            for deed in self._stops
        )

    def _slept(self, pid: int, answered_at: float, ends: float) -> bool:
        return any(
            deed.at <= ends
            and (deed.until is None or answered_at <= deed.until)
            and (pid == 0 or pid in deed.pids)
            for deed in self._stops
        )

    @staticmethod
    def _struck(kills: list[Deed], pid: int, after: float, before: float) -> list[Deed]:
        """Return the kills between the two moments, of ``pid`` where it is known (not 0)."""
        return [
            deed for deed in kills if after <= deed.at <= before and (pid == 0 or pid in deed.pids)
        ]


def _stage(call: Call, killed_at: float) -> str:
    """Return in which stage of its call the caller was killed."""
    early = call.worked_at is None or killed_at < call.worked_at
    return KILLED_BEFORE_ROTATION if early else KILLED_BEFORE_ANSWER
