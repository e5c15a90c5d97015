"""The chaos provider: a light OAuth server with exact rotation and a complete book of its calls.

``python -m tests.chaos.provider --rotation strict --calls FILE`` serves on a free port of loopback,
prints its URL as JSON and appends every token call to FILE as one line. The bundled sandbox keeps
its tokens in a database and its calls without the time that each stage took; here both matter.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from dataclasses import asdict
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from tests.chaos.aiming import Aim
from tests.chaos.calls import Call
from tests.chaos.families import GRACE, STRICT, Book
from tests.chaos.faults import FaultSwitch
from tests.chaos.serving import Handler

# What the network and a provider's own work take, in seconds: before and after the rotation.
LATENCY = (0.002, 0.040)


class Provider:
    """The server's state; `Handler` speaks HTTP for it.

    Attributes:
        lifetimes: access tokens of a new family live one of these, in seconds.
        codes: authorization codes that were not exchanged yet, and whose they are.
    """

    def __init__(
        self,
        *,
        rotation: str,
        grace_seconds: float,
        lifetimes: list[float],
        seed: int,
        book: IO[str],
    ) -> None:
        self.name = rotation
        self.lock = threading.Lock()
        self.book = Book(rotation=rotation, grace_seconds=grace_seconds)
        self.faults = FaultSwitch()
        self.aim = Aim()
        self.codes: dict[str, str] = {}
        self._lifetimes = lifetimes
        self._random = random.Random(seed)  # noqa: S311 - latencies
        self._calls_begun = 0
        self._file = book

    def latency(self) -> float:
        """Return how long the next step takes, in seconds."""
        with self.lock:
            return self._random.uniform(*LATENCY)

    def lifetime(self) -> float:
        """Return how long the access tokens of the next family live. The caller holds the lock."""
        return self._random.choice(self._lifetimes)

    def begin(self, *, kind: str) -> Call:
        """Note the arrival of a call."""
        with self.lock:
            self._calls_begun += 1
            number = self._calls_begun
        return Call(id=f"{self.name}-{number}", provider=self.name, kind=kind, at=time.time())

    def write(self, call: Call) -> None:
        """Write the call into the book: it is over."""
        with self.lock:
            self._file.write(json.dumps(call.to_json()) + "\n")
            self._file.flush()

    def write_end(self, connection: str) -> None:
        """Write into the book that the caller has closed its connection, or was killed."""
        with self.lock:
            self._file.write(json.dumps({"ended": connection, "at": time.time()}) + "\n")
            self._file.flush()

    def revoke(self, person: str) -> dict[str, Any] | None:
        """Let ``person`` withdraw her newest consent; return the family, None without one."""
        with self.lock:
            family = self.book.newest(person)
            if family is None or family.revoked_at is not None:
                return None
            family.revoke(by="person", at=time.time())
            return {"family": family.id, "at": family.revoked_at}

    def families(self) -> list[dict[str, Any]]:
        """Return all families as JSON values."""
        with self.lock:
            shown = [asdict(family) for family in self.book.families.values()]
        return [family | {"working": sorted(family["working"])} for family in shown]


class Server(ThreadingHTTPServer):
    """A thread per connection."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, provider: Provider) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.provider = provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, but for a caller that was killed between two of its calls."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where it answers, without a final slash."""
        return f"http://127.0.0.1:{self.server_port}"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.provider")
    parser.add_argument("--rotation", choices=[STRICT, GRACE], required=True)
    parser.add_argument("--grace-seconds", type=float, default=600.0)
    parser.add_argument("--lifetime", type=float, action="append", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calls", type=Path, required=True)
    options = parser.parse_args()
    with options.calls.open("a") as book:
        provider = Provider(
            rotation=options.rotation,
            grace_seconds=options.grace_seconds,
            lifetimes=options.lifetime,
            seed=options.seed,
            book=book,
        )
        server = Server(provider)
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
