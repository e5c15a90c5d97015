"""Counts the journals' texts by key, for whoever wants to retire a key."""

from __future__ import annotations

import socket
from collections import Counter, defaultdict

from connections import journal
from connections.heartbeat import LIVE, workers


def count_by_key() -> dict[str, int]:
    """Return how many entries are sealed with which key, in the journals of all hosts.

    This host's journal is read. Of the others' there is what their workers last told; a worker
    that has not been seen for a while counts on, because its journal may come back with its host.
    """
    hosts: dict[str, Counter[str]] = defaultdict(Counter)
    here = socket.gethostname()[:100]
    hosts[here] |= Counter(journal.key_counts())
    for worker in workers():
        # All workers of a host tell of the same folder. Here the folder itself was read, but for
        # one that a worker keeps elsewhere.
        if worker.host != here or worker.unseen_for < LIVE:
            hosts[worker.host] |= Counter(worker.journal_keys)
    return dict(sum(hosts.values(), Counter()))
