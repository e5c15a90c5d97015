"""How the configured keys, the database and the running processes stand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from integrations.models.key_canary import KeyCanary
from integrations.secrets.canary import trouble_with
from integrations.secrets.census import Census, take_census
from integrations.secrets.keyring import key_ids
from integrations.secrets.processes import Connections, other_connections

if TYPE_CHECKING:
    from datetime import datetime


class CanaryState(StrEnum):
    """What the database knows of a key."""

    NONE = "none"
    INTACT = "intact"
    BROKEN = "broken"
    KEY_MISSING = "key missing"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """One key that is configured, has a canary, or sealed a text.

    Attributes:
        position: its place in the list, 1 seals; None where it is not configured.
        texts: how many texts are sealed with it.
    """

    key_id: str
    position: int | None
    canary: CanaryState
    retired_at: datetime | None
    texts: int

    @property
    def waiting(self) -> bool:
        """Whether it is there to open and has never sealed."""
        unused = self.canary is CanaryState.NONE and not self.texts
        return unused and self.position is not None and not self.seals

    @property
    def seals(self) -> bool:
        """Whether it is the first."""
        return self.position == 1

    @property
    def trouble(self) -> bool:
        """Whether texts cannot be opened, or processes not be started, because of it."""
        missing = self.position is None and self.canary is not CanaryState.RETIRED
        bad = self.canary in {CanaryState.BROKEN, CanaryState.KEY_MISSING}
        back = self.seals and self.canary is CanaryState.RETIRED
        return missing or bad or back or (self.position is None and self.texts > 0)


@dataclass(frozen=True, kw_only=True)
class KeysStatus:
    """All keys, the configured ones first and in order; all texts; all other connections."""

    keys: list[KeyState]
    census: Census
    connections: list[Connections]

    @property
    def unsealed(self) -> int:
        """How many texts are not sealed at all."""
        return self.census.by_key[""]

    @property
    def lacking(self) -> list[Connections]:
        """The connections of processes that cannot open what is sealed now."""
        return [found for found in self.connections if found.lack(self.keys[0].key_id)]

    @property
    def trouble(self) -> bool:
        """Whether there is something to repair before anything else."""
        return bool(any(key.trouble for key in self.keys) or self.unsealed or self.lacking)


def read_status() -> KeysStatus:
    """Read it all. Raises NoKeys, and OSError where a holder of texts cannot be read."""
    configured = key_ids()
    canaries = {canary.key_id: canary for canary in KeyCanary.objects.order_by("created_at")}
    census = take_census()
    texts = census.by_key
    names = dict.fromkeys([*configured, *canaries, *sorted(filter(None, texts))])
    keys = [
        KeyState(
            key_id=name,
            position=configured.index(name) + 1 if name in configured else None,
            canary=_state_of(canaries.get(name), configured),
            retired_at=canaries[name].retired_at if name in canaries else None,
            texts=texts[name],
        )
        for name in names
    ]
    return KeysStatus(keys=keys, census=census, connections=other_connections())


def _state_of(canary: KeyCanary | None, configured: list[str]) -> CanaryState:
    if canary is None:
        return CanaryState.NONE
    if canary.retired_at is not None:
        return CanaryState.RETIRED
    if canary.key_id not in configured:
        return CanaryState.KEY_MISSING
    return CanaryState.BROKEN if trouble_with(canary, configured) else CanaryState.INTACT
