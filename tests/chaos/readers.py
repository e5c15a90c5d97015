"""Callers that ask for credentials all the time and try at the provider what they were given."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import requests

from tests.provider import USERINFO_PATH

if TYPE_CHECKING:
    from tests.chaos.world import World

CALL_SECONDS = 70.0
PAUSE_SECONDS = 0.3
# How long a token is asked to be good for: mostly now, sometimes longer than it will be refreshed.
MINIMUM_SECONDS = (0, 0, 0, 0, 2, 5)
# One in so many asks for a refresh as well.
FORCED_SHARE = 0.02
# How long a reader waits where nobody answers.
AWAY_SECONDS = 1.0
# A share of the reads goes to these few accounts, so that readers meet.
HOT_SHARE, HOT = 0.3, 5
# Typed answers that say that no token can be had now.
UNAVAILABLE = {503, 504}
UNUSABLE = 409


@dataclass(kw_only=True)
class Oddity:
    """A read that went wrong, or seems to have.

    Attributes:
        kind: ``past_its_end``, ``refused``, ``status_NNN``, ``no_answer``.
        asked_at, told_at, tried_at: when the read was sent, answered, and the token tried.
        expires_at: what we were told.
        worth: what the provider said of the token: expired, revoked, unknown.
    """

    kind: str
    person: str
    asked_at: float
    told_at: float
    tried_at: float = 0.0
    expires_at: float = 0.0
    generation: int = 0
    worth: str = ""
    family: str = ""
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Readers:
    """Threads that read until they are told to stop.

    Attributes:
        counts: answers by kind.
        oddities: what needs an explanation.
    """

    def __init__(self, world: World, accounts: dict[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self.oddities: list[Oddity] = []
        self._world = world
        self._accounts = list(accounts.items())
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=[world.options.seed + number], daemon=True)
            for number in range(world.options.readers)
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Stop, and wait for the last answers."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _read(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - which account next
        with requests.Session() as session:
            session.headers["x-api-key"] = self._world.seed.api_key
            while not self._ends.wait(chance.uniform(0, 2 * PAUSE_SECONDS)):
                among = self._accounts[:HOT] if chance.random() < HOT_SHARE else self._accounts
                person, account_id = chance.choice(among)
                url = f"{self._world.url}/api/v1/connected_accounts/{account_id}"
                if chance.random() < FORCED_SHARE:
                    self._force(session, url, person)
                self._read_once(session, url, person, chance.choice(MINIMUM_SECONDS))

    def _force(self, session: requests.Session, url: str, person: str) -> None:
        asked_at = time.time()
        try:
            answer = session.post(f"{url}/refresh", timeout=CALL_SECONDS)
        except requests.RequestException:
            self.counts["forced_no_answer"] += 1
            return
        self.counts[f"forced_{answer.status_code}"] += 1
        if answer.status_code not in {200, UNUSABLE, *UNAVAILABLE}:
            kind = f"status_{answer.status_code}"
            self._odd(kind, person, asked_at, told_at=time.time(), text=answer.text[:300])

    def _read_once(
        self, session: requests.Session, url: str, person: str, minimum_seconds: int
    ) -> None:
        asked_at = time.time()
        try:
            answer = session.get(
                f"{url}/credentials",
                params={"minimum_seconds": minimum_seconds},
                timeout=CALL_SECONDS,
            )
        except requests.RequestException as error:
            self._odd("no_answer", person, asked_at, text=type(error).__name__)
            time.sleep(AWAY_SECONDS)
            return
        told_at = time.time()
        self.counts[f"read_{answer.status_code}"] += 1
        if answer.status_code == 200:
            self._try(answer.json(), person, asked_at, told_at)
        elif answer.status_code not in {UNUSABLE, *UNAVAILABLE}:
            kind = f"status_{answer.status_code}"
            self._odd(kind, person, asked_at, told_at=told_at, text=answer.text[:300])

    def _try(self, told: dict[str, Any], person: str, asked_at: float, told_at: float) -> None:
        """Check what was told, then ask the provider who the token's owner is."""
        expires_at = datetime.fromisoformat(told["expires_at"]).timestamp()
        facts = {
            "told_at": told_at,
            "expires_at": expires_at,
            "generation": told["generation"],
        }
        if expires_at <= asked_at:
            self._odd("past_its_end", person, asked_at, **facts)
            return
        provider = self._world.providers[person.split("-", maxsplit=1)[0]]
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        answer = requests.get(f"{provider.url}{USERINFO_PATH}", headers=headers, timeout=30)
        tried_at = time.time()
        said = answer.json()
        if answer.status_code == 200 and said["sub"] == person:
            self.counts["token_good"] += 1
        elif expires_at <= tried_at:
            self.counts["token_ended_on_the_way"] += 1
        else:
            worth = said.get("worth", "of somebody else")
            family = said.get("family", "")
            facts |= {"tried_at": tried_at, "worth": worth, "family": family}
            self._odd("refused", person, asked_at, **facts)

    def _odd(self, kind: str, person: str, asked_at: float, **facts: Any) -> None:
        told_at = facts.pop("told_at", time.time())
        self.counts[kind] += 1
        self.oddities.append(
            Oddity(kind=kind, person=person, asked_at=asked_at, told_at=told_at, **facts)
        )
