"""What is around a verification: a provider that says yes at once, and the app's own pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import connection

from tests.provider import Answer, ScriptedProvider
from tests.verifying_app import App

AUTHORIZE_PATH = "/identity/o/authorize"


@dataclass
class SaysYes(Answer):
    """Sends the person back at once, as a provider does that has asked her before."""

    provider: ScriptedProvider | None = None

    def __post_init__(self) -> None:
        self.status = 302
        self.before = self._turn_round

    def _turn_round(self) -> None:
        assert self.provider is not None
        asked = parse_qs(urlsplit(self.provider.targets[-1]).query)
        answer = urlencode({"state": asked["state"][0], "code": "c"})
        self.headers: Mapping[str, str] = {"Location": f"{asked['redirect_uri'][0]}?{answer}"}


class Site:
    """The app's site. ``signed_in`` is who sits before the browser; nobody where it is empty."""

    pages: ClassVar[dict[str, str]] = {
        "/verify": "<title>Acme</title><h1>Sign in to Acme</h1>",
        "/connected": "<title>Acme</title><h1>Welcome back to Acme</h1>",
    }

    def __init__(self) -> None:
        self.signed_in = "alice"
        self.app: App | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def _verified(self, url: str) -> str:
        assert self.app is not None
        try:
            answer = self.app.verify(url, signed_in=self.signed_in)
        finally:
            # It is this request's thread's own.
            connection.close()
        redirect_url: str = answer.json()["redirect_url"]
        return redirect_url

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/verify" and site.signed_in:
                    self.send_response(302)
                    self.send_header("Location", site._verified(site.url + self.path))
                    self.end_headers()
                    return
                body = site.pages.get(path, "").encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                return

        return Handler
