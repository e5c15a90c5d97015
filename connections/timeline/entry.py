"""One entry of a timeline, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What an entry is about."""

    TRANSITION = "transition"
    REFRESH = "refresh"
    REVOCATION = "revocation"
    VERIFICATION = "verification"
    PROOF = "proof"
    EVENT = "event"
    LINK = "link"
    USE = "use"
    STAFF = "staff"


ALL_KINDS = frozenset(Kind)
# What concerns the account itself. What staff do and read is not the app's.
APPS_KINDS = frozenset(
    {Kind.TRANSITION, Kind.REFRESH, Kind.REVOCATION, Kind.VERIFICATION, Kind.PROOF}
)


@dataclass(frozen=True, kw_only=True)
class DeliveryState:
    """How far the entry's event got on its way to one endpoint. ``status`` is the code."""

    id: str
    endpoint_url: str
    status: str
    label: str
    attempt_count: int


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, in words.

    ``tone`` is ``good``, ``busy``, ``warn``, ``bad`` or ``quiet``; ``code`` is the reason or
    outcome for machines; ``cursor`` continues the timeline after this entry; ``meaning`` says what
    led to it or what comes of it, where that is known. An entry with a ``count`` above 1 stands for
    so many things alike, the first at ``since``, the last at ``at``.
    """

    id: str
    at: datetime
    kind: Kind
    title: str
    detail: str
    actor: str
    tone: str
    code: str = ""
    meaning: str = ""
    count: int = 1
    since: datetime | None = None
    event_id: str = ""
    event_type: str = ""
    deliveries: tuple[DeliveryState, ...] = ()

    @property
    def cursor(self) -> str:
        """The part of the id that orders entries of every kind."""
        return self.id.partition("_")[2]

    @property
    def is_minor(self) -> bool:
        """Whether nobody has to read it: all went as it should."""
        routine = self.kind in {Kind.REFRESH, Kind.PROOF} and self.tone == "good"
        return routine or self.kind is Kind.USE
