"""Keeps grants fresh: claim, call, store. The row is the truth; tasks are wake-ups.

``claim`` takes accounts for one worker and writes the attempt before any call; ``work`` makes the
call outside any transaction; ``outcome`` stores what came of it in one transaction; ``retry`` says
when to try again; ``reading`` serves a caller that needs a token; ``watch`` is the loop.
"""

from connections.refresh.reading import get_credentials, refresh_account
from connections.refresh.watch import refresh_due, watch_refreshes

__all__ = ["get_credentials", "refresh_account", "refresh_due", "watch_refreshes"]
