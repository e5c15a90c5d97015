"""The sandbox provider as a real process, for tests that need a real OAuth server."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 15
CLIENT_ID = "evergrant-sandbox"
CLIENT_SECRET = "a secret of the sandbox tests"
PASSWORD = "correct horse battery"


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SandboxProcess:
    """``python -m integrations.sandbox`` on a loopback port.

    Attributes:
        url: where the provider answers, without a final slash.
    """

    def __init__(
        self,
        database_url: str,
        port: int | None = None,
        *,
        client_secret: str = CLIENT_SECRET,
        schema: str = "sandbox",
        redirect_uris: Sequence[str] = (),
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client_secret = client_secret
        self._environment = os.environ | {
            "DATABASE_URL": database_url,
            "SANDBOX_CLIENT_SECRET": client_secret,
        }
        self._flags = [f"--port={self.port}", f"--database-schema={schema}"]
        self._flags += [f"--client-redirect-uri={uri}" for uri in redirect_uris]
        self.process: subprocess.Popen[str] | None = None

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line with this sandbox's flags and ``arguments``, and return it."""
        return subprocess.Popen(
            [sys.executable, "-m", "integrations.sandbox", *self._flags, *arguments],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self) -> SandboxProcess:
        """Start the process and return once it answers. Raises RuntimeError if it does not."""
        self.process = self.spawn()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the sandbox ended at once: {self.process.communicate()[1]}")
            try:
                if requests.get(f"{self.url}/healthz", timeout=5).ok:
                    return self
            except requests.ConnectionError:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"the sandbox did not answer within {START_SECONDS} s")

    def stop(self) -> tuple[int, str]:
        """End the process with SIGTERM. Return its exit code and everything it wrote."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> tuple[int, str]:
        if self.process is None:
            raise RuntimeError("the sandbox was not started")
        process, self.process = self.process, None
        process.send_signal(number)
        out, errors = process.communicate(timeout=STOP_SECONDS)
        return process.returncode, out + errors

    def switches(self, **values: Any) -> dict[str, Any]:
        """Set the named switches and return all of them."""
        return self._control("PATCH", "switches", values)

    def reset(self) -> dict[str, Any]:
        """Put every switch back to its default."""
        return self._control("POST", "switches/reset")

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the protocol calls after the one with id ``since``, oldest first."""
        return list(self._control("GET", f"calls?since={since}")["calls"])

    def grants(self) -> list[dict[str, Any]]:
        """Return the grants that still have a working token."""
        return list(self._control("GET", "grants")["grants"])

    def revoke_grants(self, username: str) -> None:
        """Revoke all that a person granted, as she would on her page."""
        self._control("POST", "grants/revoke", {"username": username})

    def add_redirect_uri(self, uri: str) -> None:
        """Let the demo client be called back at ``uri``."""
        self._control("POST", f"clients/{CLIENT_ID}/redirect_uris", {"redirect_uri": uri})

    def _control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.url}/sandbox/{path}", json=body, timeout=30)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        content: dict[str, Any] = answer.json()
        return content


def sign_up_and_consent(
    session: requests.Session,
    authorize_url: str,
    username: str,
    email: str,
    *,
    without: Sequence[str] = (),
    action: str = "grant",
) -> str:
    """Go through sign-up and consent as a browser would, starting at ``authorize_url``.

    A session that is signed in already goes straight to the consent screen.

    Args:
        without: scopes whose boxes are unticked.
        action: ``grant``, or ``cancel`` to press Deny.

    Returns:
        the redirect's Location, back at the client.
    """
    page = Page(session.get(authorize_url, timeout=30))
    if page.links.get("Create an account"):
        page = Page(session.get(page.links["Create an account"], timeout=30))
        person = {"username": username, "email": email, "password1": PASSWORD}
        page = Page(session.post(page.action, data=[*page.fields, *person.items()], timeout=30))
    fields = [(name, value) for name, value in page.fields if value not in without]
    answer = session.post(
        page.action, data=[*fields, ("action", action)], allow_redirects=False, timeout=30
    )
    if "Location" not in answer.headers:
        complaints = re.findall(
            r'class="(?:wrong|note error)"[^>]*>([^<]+)', page.text + answer.text
        )
        raise RuntimeError(f"no redirect from {page.url}: {answer.status_code} {complaints}")
    return answer.headers["Location"]


class Page(HTMLParser):
    """The parts of a page that a person uses: its links by text, and the form in ``main``.

    Attributes:
        links: absolute URL by link text.
        action: absolute URL that the form goes to.
        fields: what the form sends without further typing (hidden fields and ticked boxes).
    """

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        answer.raise_for_status()
        self.url = answer.url
        self.text = answer.text
        self.links: dict[str, str] = {}
        self.action = answer.url
        self.fields: list[tuple[str, str]] = []
        self._link: str | None = None
        self._in_main = False
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect links, the form's address and its ready-made fields."""
        values = {name: value or "" for name, value in attrs}
        if tag == "main":
            self._in_main = True
        elif tag == "a":
            self._link = values.get("href")
        elif tag == "form" and self._in_main:
            self.action = urljoin(self.url, values.get("action", ""))
        elif tag == "input" and self._in_main and "name" in values:
            kind = values.get("type", "text")
            if kind == "hidden" or (kind == "checkbox" and "checked" in values):
                self.fields.append((values["name"], values.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        """End a link."""
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        """Name the link that is open."""
        if self._link is not None and data.strip():
            self.links[data.strip()] = urljoin(self.url, self._link)
