"""An MCP server and its authorization server on one loopback port, as good or bad as told.

Documents are by path; a test changes what it wants to be wrong.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integrations.mcp_servers import create_mcp_auth_config
from integrations.models import AuthConfig, Project

RESOURCE_METADATA = "/.well-known/oauth-protected-resource/mcp"
ISSUER_METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"
REGISTER = "/register"

# Status, headers, body.
Reply = tuple[int, dict[str, str], bytes]


def as_json(body: object, status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


HELLO = as_json({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-06-18"}})


class SelfDescribingServer:
    """``replies`` say what is answered, by method and path; everything else is 404."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, dict[str, str], Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.mcp_url = f"{self.url}/mcp"
        self.metadata: dict[str, Any] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "registration_endpoint": f"{self.url}{REGISTER}",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        }
        self.resource: dict[str, Any] = {
            "resource": self.mcp_url,
            "authorization_servers": [self.url],
            "scopes_supported": ["notes:read"],
        }
        self.challenge = f'Bearer resource_metadata="{self.url}{RESOURCE_METADATA}"'
        self.clients = 0
        self.secret_expires_at = 0
        self.replies: dict[tuple[str, str], Callable[[], Reply]] = {
            ("POST", "/mcp"): lambda: (401, {"WWW-Authenticate": self.challenge}, b""),
            ("GET", RESOURCE_METADATA): lambda: as_json(self.resource),
            ("GET", ISSUER_METADATA): lambda: as_json(self.metadata),
            ("POST", REGISTER): self._register,
        }

    def reply(self, method: str, path: str, reply: Reply) -> None:
        """Answer like that from now on."""
        self.replies[method, path] = lambda: reply

    def sent_to(self, path: str) -> list[Any]:
        """Return the JSON bodies that were sent to ``path``."""
        return [body for _, called, _, body in self.received if called == path]

    @contextmanager
    def serving(self) -> Iterator[SelfDescribingServer]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def _register(self) -> Reply:
        self.clients += 1
        made = {
            "client_id": f"client-{self.clients}",
            "client_secret": f"secret-{self.clients}",
            "client_secret_expires_at": self.secret_expires_at,
            "registration_access_token": "management token",
            "registration_client_uri": f"{self.url}{REGISTER}/{self.clients}",
        }
        return as_json(self.sent_to(REGISTER)[-1] | made, 201)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond(None)

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._respond(json.loads(sent))

            def _respond(self, body: Any) -> None:
                server.received.append((self.command, self.path, dict(self.headers), body))
                missing: Reply = (404, {}, b"")
                make = server.replies.get((self.command, self.path), lambda: missing)
                status, headers, content = make()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                return

        return Handler


def create_mcp_config(project: Project, server: SelfDescribingServer, **given: Any) -> AuthConfig:
    """Return an auth config for the server's MCP endpoint."""
    return create_mcp_auth_config(project=project, name="Notes", server_url=server.mcp_url, **given)
