"""Has every process of a run note when it has read something from a socket.

Python imports this module at its start where its folder is on the path (docs of `site`). Without
it nobody could tell an answer that waited in a killed process's socket from one that was read and
lost: the first is nobody's fault, however long it waited for a busy machine; the second is ours.
"""

import _socket
import os
import socket
import time
from typing import Any

FOLDER = os.environ["CHAOS_MARKS"]
_files: dict[int, int] = {}


def _file() -> int:
    """Return this process's own file, which a child does not share."""
    pid = os.getpid()
    if pid not in _files:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        _files[pid] = os.open(os.path.join(FOLDER, f"{pid}.marks"), flags, 0o600)  # noqa: PTH118
    return _files[pid]


def recv(self: socket.socket, *args: Any) -> bytes:
    """Read as `socket.socket.recv` does, and write down between which ports and when."""
    data = _socket.socket.recv(self, *args)
    if data and self.family == socket.AF_INET:
        ports = f"{self.getsockname()[1]}-{self.getpeername()[1]}"
        os.write(_file(), f"{ports} {time.time():.6f}\n".encode())
    return data


setattr(socket.socket, "recv", recv)  # noqa: B010 - mypy knows no other way
