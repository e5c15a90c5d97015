"""The app's inbox: every webhook as it arrived, checked at once, because its seal ages."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from standardwebhooks import WebhookVerificationError

from tests.chaos.world import HOOK_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.world import World
    from tests.receiver import Received

LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A webhook. ``forged``: its signature is not the endpoint's."""

    id: str
    type: str
    account: str
    body: str
    forged: bool


class Inbox:
    """Reads what the receiver got.

    Attributes:
        arrivals: in the order in which they came, repeated ones too.
    """

    def __init__(self, world: World, *, on_news: Callable[[Arrival], None]) -> None:
        self.arrivals: list[Arrival] = []
        self._world = world
        self._on_news = on_news
        self._read = 0
        self._seen: set[str] = set()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def finish(self) -> None:
        """Stop, once everything that came is read."""
        self._ends.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ends.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        received = self._world.receiver.received
        while self._read < len(received):
            hook = received[self._read]
            self._read += 1
            if hook.path == HOOK_PATH:
                self._take(hook)

    def _take(self, hook: Received) -> None:
        arrival = _arrival(hook, self._world.seed.webhook_secret)
        self.arrivals.append(arrival)
        if arrival.id not in self._seen:
            self._seen.add(arrival.id)
            self._on_news(arrival)


def _arrival(hook: Received, secret: str) -> Arrival:
    try:
        hook.verified(secret)
    except WebhookVerificationError:
        forged = True
    else:
        forged = False
    content = hook.json()
    return Arrival(
        id=hook.message_id,
        type=content["type"],
        account=content["data"].get("connected_account_id", ""),
        body=hook.body.decode(),
        forged=forged,
    )
