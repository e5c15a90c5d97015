"""Waiting until every process really answers."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from config.run.errors import RunError

WAIT_SECONDS = 60.0


def wait_until(name: str, answers: Callable[[], bool], watch: Callable[[], None]) -> None:
    """Return once ``answers()``.

    Args:
        name: of the process, for the error.
        watch: called between tries; raises when a process has died.

    Raises:
        RunError: it does not answer within a minute.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not answers():
        watch()
        if time.monotonic() > deadline:
            message = f"{name} does not answer after {WAIT_SECONDS:.0f} s"
            raise RunError(message)
        time.sleep(0.1)


def healthy(url: str) -> bool:
    """Return whether ``url``/healthz answers with 200."""
    # This machine's own server, never through a proxy of the environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
