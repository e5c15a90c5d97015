"""What `make run` writes: one line at a time, coloured where a person looks at it."""

import os
import sys
import threading

COLOURS = {"web": "36", "worker": "35", "sandbox": "33", "evergrant": "32"}
WIDTH = max(map(len, COLOURS))

_lock = threading.Lock()


def line(name: str, text: str) -> None:
    """Write ``text`` with the name of the process it comes from in front."""
    label = f"{name:{WIDTH}}"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        label = f"\033[{COLOURS.get(name, '37')}m{label}\033[0m"
    plain(f"{label} | {text}")


def progress(text: str) -> None:
    """Tell what `make run` does now."""
    line("evergrant", text)


def plain(text: str) -> None:
    """Write ``text`` as it is, never mixed into another thread's line."""
    with _lock:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
