"""``python -m tests.bench.provider``: an OAuth provider that costs as little as it can.

It answers the paths of the bundled sandbox: tokens rotate, every refresh token may be used once,
and a second use is counted, never forgiven. The end of an access token stands in its text, so that
whoever is handed one can tell whether it lives. It prints its port and serves until it is killed.

    GET  /report                 -> what was called, as JSON
    POST /control                -> JSON: delay (s), lifetime (s), reset (bool)
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from typing import Any, Final

TOKEN_PATH: Final = b"/identity/o/api/token"
REFRESH_TOKEN: Final = re.compile(rb"(?:^|&)refresh_token=([^&]+)")
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CLOSE: Final = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
# As long as those of real providers.
ACCESS_TOKEN_LENGTH: Final = 160
REFRESH_TOKEN_LENGTH: Final = 100


class Provider:
    """What the endpoints answer and what they were asked."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.lifetime = 3600.0
        self.reset()

    def reset(self) -> None:
        """Forget all calls."""
        self.seen: set[bytes] = set()
        self.repeated = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.by_second: Counter[int] = Counter()
        self.under_way = 0
        self.most_under_way = 0

    def control(self, wishes: dict[str, Any]) -> None:
        """Take the wishes of the benchmark."""
        if wishes.get("reset"):
            self.reset()
        self.delay = float(wishes.get("delay", self.delay))
        self.lifetime = float(wishes.get("lifetime", self.lifetime))

    def report(self) -> bytes:
        """Return what was called since the last reset."""
        found = {
            "calls": sum(self.by_second.values()),
            "repeated": self.repeated,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "busiest_second": max(self.by_second.values(), default=0),
            "most_under_way": self.most_under_way,
        }
        return json.dumps(found).encode()

    def issue(self, body: bytes) -> bytes:
        """Return new tokens for the refresh token in ``body``."""
        now = time.time()
        self.first_at = self.first_at or now
        self.last_at = now
        self.by_second[int(now)] += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        found = REFRESH_TOKEN.search(body)
        token = found[1] if found else b""
        if token in self.seen:
            self.repeated += 1
        self.seen.add(token)
        serial = f"{int(now * 1e6):x}.{sum(self.by_second.values())}"
        return json.dumps(
            {
                "access_token": access_token(serial, ends_at=now + self.delay + self.lifetime),
                "refresh_token": refresh_token(serial),
                "token_type": "Bearer",
                "expires_in": int(self.lifetime),
                "scope": "openid profile email notes:read",
            }
        ).encode()


def access_token(serial: str, *, ends_at: float) -> str:
    """Return an access token in which its end, ``ends_at`` (seconds), stands in milliseconds."""
    return f"at.{ends_at * 1000:.0f}.{serial}.".ljust(ACCESS_TOKEN_LENGTH, "a")


def refresh_token(serial: str) -> str:
    """Return a refresh token."""
    return f"rt.{serial}.".ljust(REFRESH_TOKEN_LENGTH, "r")


class Connection(asyncio.Protocol):
    """One keep-alive connection: HTTP/1.1 requests with a Content-Length, one after the other."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            found = LENGTH.search(head)
            length = int(found[1]) if found else 0
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(head, rest[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        provider = self._provider
        path = head.split(b" ", 2)[1]
        close = CLOSE.search(head + b"\r\n") is not None
        if path == TOKEN_PATH:
            answer = provider.issue(body)
            if provider.delay:
                loop = asyncio.get_running_loop()
                loop.call_later(provider.delay, self._issued, answer, close)
            else:
                self._issued(answer, close)
        elif path == b"/report":
            self._write(provider.report(), close)
        elif path == b"/control":
            provider.control(json.loads(body))
            self._write(b"{}", close)
        else:
            self._write(b'{"sub": "7", "email": "alice@example.com"}', close)

    def _issued(self, answer: bytes, close: bool) -> None:
        self._provider.under_way -= 1
        self._write(answer, close)

    def _write(self, body: bytes, close: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        if close:
            self._transport.close()


async def serve() -> None:
    """Serve on a free port of loopback; print the port."""
    provider = Provider()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
