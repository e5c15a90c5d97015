"""A process that keeps a journal and does what it is told, line by line on standard input.

Run by `tests.journal_process`. Each command's result is one line of JSON on standard output.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.log import configure_logging

# Like every process of ours it has its settings before anything of ours is imported.
configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)

from connections import journal  # noqa: E402
from connections.journal import Orphan, current  # noqa: E402
from tests.journal_entries import make_entry  # noqa: E402

# A child that is not done by then waits for a lock that nobody will release.
STUCK_SECONDS = 20

held: list[Orphan] = []


def answer(result: Any) -> None:
    """Write ``result`` at once."""
    sys.stdout.write(f"{json.dumps(result)}\n")
    sys.stdout.flush()


def append(first: str, count: str, worker: str) -> int:
    """Append entries of ``count`` accounts; return how many were taken."""
    numbers = range(int(first), int(first) + int(count))
    return sum(journal.append(make_entry(number, worker=worker)) for number in numbers)


def append_for_ever(worker: str) -> None:
    """Append, and acknowledge each entry once it was taken, until killed."""
    number = 0
    while True:
        if journal.append(make_entry(number, worker=worker)):
            answer(number)
        number += 1


def announce(worker: str) -> bool:
    return journal.announce(worker)


def limit_files(size: str) -> None:
    """Let no file of this process grow past ``size`` bytes, as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = hard if size == "none" else int(size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))


def trouble() -> str:
    return journal.trouble()


def fork(number: str, worker: str) -> int:
    """Fork a child that stays; return its pid once it has appended, where ``number`` is not '-'."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ready)
        signal.alarm(STUCK_SECONDS)
        if number != "-" and not journal.append(make_entry(int(number), worker=worker)):
            os._exit(1)
        signal.alarm(0)
        os.write(told, b"1")
        signal.pause()
        os._exit(0)
    os.close(told)
    assert os.read(ready, 1) == b"1"
    return child


def fork_unnoticed() -> int:
    """Fork a child that stays, without Python: it keeps a copy of every descriptor."""
    child = int(ctypes.CDLL(None).fork())
    if child == 0:
        signal.pause()
        os._exit(0)
    return child


def fork_amid_appends(children: str) -> int:
    """Fork again and again while threads append; return how many entries were taken."""
    stop, taken = threading.Event(), [0] * 4

    def work(thread: int) -> None:
        while not stop.is_set():
            taken[thread] += journal.append(make_entry(thread, worker="parent"))

    threads = [threading.Thread(target=work, args=[thread]) for thread in range(4)]
    for thread in threads:
        thread.start()
    done = 0
    while done < int(children) and _append_in_child(done):
        done += 1
    # As if another thread were opening the journal at the moment of the fork.
    with current._opening:
        done += _append_in_child(done)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(taken) + done


def _append_in_child(number: int) -> bool:
    child = os.fork()
    if child == 0:
        signal.alarm(STUCK_SECONDS)
        os._exit(0 if journal.append(make_entry(number, worker="child")) else 1)
    return os.waitpid(child, 0)[1] == 0


def adopt() -> list[list[Any]]:
    """Take what is left of others; return their workers and how many entries each left."""
    found = journal.orphans()
    held.extend(found)
    return sorted([orphan.worker, sum(1 for _ in orphan.entries())] for orphan in found)


def release() -> None:
    for orphan in held:
        orphan.release()
    held.clear()


COMMANDS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        append,
        append_for_ever,
        announce,
        limit_files,
        trouble,
        fork,
        fork_unnoticed,
        fork_amid_appends,
        adopt,
        release,
    )
}


def main() -> None:
    """Obey until standard input ends."""
    for line in sys.stdin:
        name, *arguments = line.split()
        answer(COMMANDS[name](*arguments))


if __name__ == "__main__":
    main()
