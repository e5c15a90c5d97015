"""A certified OpenID provider as a real process, and what its own interfaces say of a token."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.certified_server.installing import installed_packages, node

SERVER = Path(__file__).resolve().parent / "server.mjs"
CLIENT_ID = "evergrant"
CLIENT_SECRET = "a secret of the certified server's tests"
START_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True)
class CertifiedServer:
    """The server while it runs; ``url`` is where it answers, and its issuer."""

    url: str
    process: subprocess.Popen[str]

    def introspect(self, token: str) -> dict[str, Any]:
        """Return what the server knows of a token (RFC 7662)."""
        known: dict[str, Any] = self._ask("/token/introspection", token=token).json()
        return known

    def refresh(self, refresh_token: str) -> requests.Response:
        """Return its answer to a refresh that does not come from Evergrant."""
        return self._ask("/token", grant_type="refresh_token", refresh_token=refresh_token)

    def _ask(self, path: str, **form: str) -> requests.Response:
        return requests.post(
            f"{self.url}{path}", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30
        )


@contextmanager
def certified_server(
    *clients: dict[str, Any], people: dict[str, dict[str, Any]] | None = None
) -> Iterator[CertifiedServer]:
    """Run the server while the block runs, on a port of its own.

    Args:
        clients: as in dynamic registration (RFC 7591, 2), with ``client_id`` and secret or keys.
        people: by name, the claims in which they differ from others.

    Raises:
        RuntimeError: it is not installed, or it did not start; with what it said.
    """
    command = [str(node()), str(SERVER), str(installed_packages())]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as process,
    ):
        try:
            told = {"clients": clients, "access_token_seconds": 60, "people": people or {}}
            url = _configure(process, told)
            if not url:
                process.wait(timeout=STOP_SECONDS)
                errors.seek(0)
                raise RuntimeError(f"the certified server did not start: {errors.read()}")
            yield CertifiedServer(url, process)
        finally:
            _end(process)


def _configure(process: subprocess.Popen[str], settings: dict[str, Any]) -> str:
    """Return the address that it prints; empty where it ended, or took too long."""
    assert process.stdin is not None
    assert process.stdout is not None
    too_long = threading.Timer(START_SECONDS, process.kill)
    too_long.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(f"{json.dumps(settings)}\n")
            process.stdin.flush()
        return process.stdout.readline().strip()
    finally:
        too_long.cancel()
        too_long.join()


def _end(process: subprocess.Popen[str]) -> None:
    """End it by its input; where it goes on it is killed, and the test fails."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
