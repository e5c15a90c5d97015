"""What happened to one account, newest first.

Changes of status with their events, refreshes, proofs, revocations, verifications and uses
(``history``); other events, links and what staff did (``around``),
also to many at once (``bulk``). Ids of all kinds hold the time
of their making in the same 22 characters, so they are both the order of the whole and the cursor of
a page (see `integrations.ids`).
"""

from connections.timeline.entry import ALL_KINDS, APPS_KINDS, DeliveryState, Kind, TimelineEntry
from connections.timeline.reading import fold_refreshes, timeline

__all__ = [
    "ALL_KINDS",
    "APPS_KINDS",
    "DeliveryState",
    "Kind",
    "TimelineEntry",
    "fold_refreshes",
    "timeline",
]
