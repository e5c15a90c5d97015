"""Keeps grants fresh: claim, call, journal, store. The row is the truth; tasks are wake-ups.

``claim`` takes accounts for one worker and writes down what for before any call; ``gate`` and
``breakers`` say how many and whose; ``work`` makes the call outside any transaction and journals
new tokens; ``storing`` stores them, many accounts in one transaction, and ``outcome`` stores
refusals; ``reconciling`` brings the database up to what the journal knows; ``retry`` says when to
try again; ``reading`` serves a caller that needs a token; ``crew``, ``lanes``, ``upkeep`` and
``watch`` are the loop.
"""

from connections.refresh.reading import get_credentials, refresh_account
from connections.refresh.watch import refresh_due, revoke_due, watch_refreshes

__all__ = ["get_credentials", "refresh_account", "refresh_due", "revoke_due", "watch_refreshes"]
