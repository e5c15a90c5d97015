"""Counters kept as facts: folded here, and read. Who writes them is told in `models.tally`."""

from connections.tallies.folding import fold, recount
from connections.tallies.reading import Standing, Work, refreshes_by_minute, standings, work_of

__all__ = ["Standing", "Work", "fold", "recount", "refreshes_by_minute", "standings", "work_of"]
