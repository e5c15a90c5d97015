"""A mail server on loopback that keeps what it takes and can be told to refuse (RFC 5321)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class MailServer:
    """What came in, and what is answered: to a recipient, and to a mail.

    ``hangs_up`` ends the connection once the whole mail is there, without an answer.
    """

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    to_recipient: str = "250 ok"
    to_mail: str = "250 ok"
    hangs_up: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings that lead Django's mails here."""
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.port,
            "SENDS_MAIL": True,
        }

    @contextmanager
    def serving(self) -> Iterator[MailServer]:
        """Answer in a thread of its own while the block runs."""
        mail_server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                mail_server.converse(self)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield self
            server.shutdown()

    def converse(self, handler: socketserver.StreamRequestHandler) -> None:
        """Go through one connection's commands."""
        _say(handler, "220 here")
        while line := handler.rfile.readline():
            verb = line.strip().upper()
            if verb == b"QUIT":
                _say(handler, "221 bye")
                return
            if verb == b"DATA":
                _say(handler, "354 go on")
                content = _read_mail(handler)
                if self.hangs_up:
                    return
                if self.to_mail.startswith("2"):
                    self.taken.append(
                        message_from_bytes(content, EmailMessage, policy=policy.default)
                    )
                _say(handler, self.to_mail)
            else:
                _say(handler, self.to_recipient if verb.startswith(b"RCPT") else "250 ok")


def _say(handler: socketserver.StreamRequestHandler, line: str) -> None:
    handler.wfile.write(line.encode() + b"\r\n")


def _read_mail(handler: socketserver.StreamRequestHandler) -> bytes:
    lines = []
    while (line := handler.rfile.readline()) not in {b".\r\n", b""}:
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
