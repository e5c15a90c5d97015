"""The fake provider's server: one for the whole session, on loopback, for every toolkit.

A call to ``https://api.example.com/me?x=1`` arrives as ``/https/api.example.com:443/me?x=1``
(`wire`), so each toolkit is called at its own addresses and one server tells them apart.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.provider import Answer

FORM = "application/x-www-form-urlencoded"
DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What arrived. ``url`` is as the client meant it, without the query; headers in lower case."""

    method: str
    url: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body's fields, form or JSON as its Content-Type says. No field comes twice."""
        if self.headers["content-type"] != FORM:
            found: dict[str, Any] = self.json
            return found
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)


class Server:
    """Hands what arrives to `take`, which a test's provider sets."""

    def __init__(self) -> None:
        self.take: Callable[[Request], Answer] = _nobody
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_port

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()


def _nobody(request: Request) -> Answer:
    return Answer(status=404, json={})


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Return the request as the client meant it, from what the wire made of it."""
    parts = urlsplit(path)
    scheme, authority, rest = parts.path.lstrip("/").split("/", 2)
    host = authority.removesuffix(DEFAULT_PORTS[scheme])
    return Request(
        method=method,
        url=f"{scheme}://{host}/{rest}",
        raw_query=parts.query,
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
    )


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = read(self.command, self.path, dict(self.headers.items()), body)
            self._send(server.take(request))

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def _send(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + 10 * answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    return Handler
