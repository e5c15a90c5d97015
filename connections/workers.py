"""Names this process, wherever a process is named: in leases, history, journal and heartbeat."""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache


def worker_name() -> str:
    """Return this process's name: host, process id and a random part.

    Process ids return, the random part does not; a forked child has a name of its own.
    """
    return _name(os.getpid())


@cache
def _name(pid: int) -> str:
    return f"{socket.gethostname()[:70]}:{pid}:{secrets.token_hex(4)}"
