"""An app's webhook endpoint: a real HTTP server on loopback that records what it is sent.

As a thread (``with Receiver() as receiver``), or as a process that prints its URL and then every
request as one line of JSON: ``python -m tests.receiver [PORT]``.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> Any:
        """Return the body parsed, unverified."""
        return json.loads(self.body)

    def verified(self, secret: str) -> Any:
        """Return the body parsed, or raise WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the receiver answers.

    Attributes:
        delay: seconds before it answers; `Receiver.release` cuts them short.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0


class Receiver:
    """Answers 200 to every POST, unless `answers` scripted another reply for its path."""

    def __init__(self, *, port: int = 0) -> None:
        self.received: list[Received] = []
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._replies: dict[str, list[Reply]] = defaultdict(lambda: [Reply()])
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, path: str, *replies: Reply) -> None:
        """Give ``replies`` to the following requests of ``path``, the last one from then on."""
        self._replies[path] = list(replies)

    def at(self, path: str) -> list[Received]:
        """Return what was sent to ``path`` so far."""
        return [request for request in list(self.received) if request.path == path]

    def wait_for(self, predicate: Callable[[Received], bool], timeout: float = 10.0) -> Received:
        """Return the first request that satisfies ``predicate``, waiting for it if need be.

        Raises:
            TimeoutError: none came in ``timeout`` seconds; says what did come.
        """
        ends = time.monotonic() + timeout
        with self._changed:
            while True:
                for request in self.received:
                    if predicate(request):
                        return request
                if not self._changed.wait(ends - time.monotonic()):
                    seen = [f"{each.path} {each.body[:80]!r}" for each in self.received]
                    raise TimeoutError(f"Not among the {len(seen)} requests: {seen}")

    def take(self, request: Received) -> Reply:
        """Record ``request`` and return the reply to give, once its delay is over."""
        with self._changed:
            self.received.append(request)
            replies = self._replies[request.path]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            self._changed.notify_all()
        self._released.wait(reply.delay)
        return reply

    def release(self) -> None:
        """Give the replies that are being delayed now, and delay none any more."""
        self._released.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; replies that are being delayed are given now. May be called twice."""
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.receiver.take(Received(path=self.path, headers=headers, body=body))
        # Whoever sent it may be gone by now: timed out, or killed.
        with suppress(ConnectionError):
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
        """Say nothing: what came is in `Receiver.received`."""


def main(port: int) -> None:
    """Serve until interrupted; print the URL, then what comes."""
    with Receiver(port=port) as receiver, suppress(KeyboardInterrupt):
        _print({"url": receiver.url})
        shown = 0
        while True:
            for request in receiver.received[shown:]:
                body = base64.b64encode(request.body).decode()
                _print({"path": request.path, "headers": request.headers, "body_base64": body})
                shown += 1
            time.sleep(POLL_SECONDS)


def _print(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
