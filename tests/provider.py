"""An OAuth provider that answers what a test tells it to: a real HTTP server on loopback.

The bundled sandbox plays a well-behaved provider; this one plays every other kind.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN_PATH = "/identity/o/api/token"
USERINFO_PATH = "/identity/o/api/userinfo"
REVOKE_PATH = "/identity/o/api/revoke"


@dataclass
class Answer:
    """One answer: a JSON body, or a raw one; ``before`` runs before it is sent."""

    status: int = 200
    json: Any = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    cut: bool = False

    @property
    def body(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.json).encode()


def tokens(number: int = 2, **changes: Any) -> Answer:
    """Return a well-formed answer of a token endpoint."""
    answer = {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": "openid profile email notes:read",
    }
    return Answer(json={k: v for k, v in (answer | changes).items() if v is not None})


class ScriptedProvider:
    """Answers each path from its queue; the last answer of a queue repeats."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        # Of each call: its headers, and its path with the query.
        self.heads: list[dict[str, str]] = []
        self.targets: list[str] = []
        self._queues: dict[str, deque[Answer]] = {
            TOKEN_PATH: deque([tokens()]),
            USERINFO_PATH: deque([Answer(json={"sub": "7", "email": "alice@example.com"})]),
            REVOKE_PATH: deque([Answer(json={})]),
        }
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer ``path`` with ``answers`` in turn from now on."""
        self._queues[path] = deque(answers)

    def answer_tokens(self, *answers: Answer) -> None:
        """Answer the token endpoint with ``answers`` in turn from now on."""
        self.answer(TOKEN_PATH, *answers)

    def answer_identity(self, sub: str, email: str) -> None:
        """Say that every token is ``sub``'s."""
        self.answer(USERINFO_PATH, Answer(json={"sub": sub, "email": email}))

    def token_calls(self) -> list[dict[str, str]]:
        """Return the forms sent to the token endpoint so far."""
        return self.forms(TOKEN_PATH)

    def forms(self, path: str) -> list[dict[str, str]]:
        """Return the forms sent to ``path`` so far."""
        return [form for called, form in self.calls if called == path]

    def take(self, path: str, form: dict[str, str]) -> Answer:
        """Note the call and return the answer it gets."""
        with self._lock:
            self.calls.append((path, form))
            queue = self._queues[path]
            return queue.popleft() if len(queue) > 1 else queue[0]

    @contextmanager
    def serving(self) -> Iterator[ScriptedProvider]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond({})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
                self._respond({name: values[0] for name, values in form.items()})

            def _respond(self, form: dict[str, str]) -> None:
                provider.heads.append(dict(self.headers))
                provider.targets.append(self.path)
                answer = provider.take(urlsplit(self.path).path, form)
                answer.before()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) + 10 * answer.cut))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                return

        return Handler


def clients(provider: ScriptedProvider) -> list[str]:
    """Return the clients that called, as id and secret."""
    heads = [head["Authorization"] for head in provider.heads if "Authorization" in head]
    basic = [head.removeprefix("Basic ") for head in heads if head.startswith("Basic ")]
    return [base64.b64decode(head).decode() for head in basic]
