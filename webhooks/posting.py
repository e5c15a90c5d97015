"""One POST of one event: the body, the headers, and what came back. Touches no database."""

from __future__ import annotations

import json
import time
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from integrations import outbound
from integrations.secrets.keyring import SealingError
from integrations.secrets.masking import mask
from webhooks.signing import signature_headers, signing_secrets

if TYPE_CHECKING:
    from datetime import datetime

    from webhooks.models import Delivery, Event

EXCERPT_LENGTH: Final = 500
HTTP_OK: Final = range(200, 300)
# Error codes of deliveries that we could not send: a secret of ours does not open; a bug of ours.
SECRET_UNREADABLE: Final = "secret_unreadable"  # noqa: S105 - a code
INTERNAL_ERROR: Final = "internal_error"


@dataclass(frozen=True, kw_only=True, repr=False)
class Letter:
    """What is sent: the URL and the body may hold secrets, so it has no repr."""

    url: str
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of it.

    Attributes:
        status: of HTTP, None where none was read.
        error_code: empty where the receiver took the event.
        retry_after: the header of that name, as it is.
        elapsed: seconds.
    """

    status: int | None = None
    error_code: str = ""
    excerpt: str = ""
    retry_after: str = ""
    elapsed: float = 0.0

    @property
    def accepted(self) -> bool:
        return not self.error_code

    @property
    def is_our_fault(self) -> bool:
        """Whether the receiver is not to blame: nothing was sent."""
        return self.error_code in (SECRET_UNREADABLE, INTERNAL_ERROR)


def write_letter(delivery: Delivery, *, now: datetime) -> Letter | Answer:
    """Return what to send for ``delivery`` (with event and endpoint), signed at ``now``.

    An `Answer` instead where a sealed value does not open: that attempt is over.
    """
    endpoint = delivery.endpoint
    try:
        body = body_of(delivery.event)
        signatures = signature_headers(
            message_id=delivery.event_id,
            body=body,
            signed_by=signing_secrets(endpoint, now=now),
            now=now,
        )
    except SealingError:
        return Answer(error_code=SECRET_UNREADABLE)
    headers = {"content-type": "application/json", **signatures}
    return Letter(url=endpoint.url, headers=headers, content=body.encode())


def body_of(event: Event) -> str:
    """Return the JSON of an event: the same text on every attempt."""
    return json.dumps(event.payload(), separators=(",", ":"), sort_keys=True)


def post(letter: Letter) -> Answer:
    """Send ``letter`` once, within the deadline of the role, and return what came of it."""
    started = time.monotonic()
    answer = _send(letter)
    return replace(answer, elapsed=time.monotonic() - started)


def _send(letter: Letter) -> Answer:
    try:
        response = outbound.send(
            role=outbound.Role.WEBHOOK,
            method="POST",
            url=letter.url,
            headers=letter.headers,
            content=letter.content,
        )
    except outbound.OutboundError as error:
        # Where only the size is wrong, the head was read and the receiver has decided.
        accepted = isinstance(error, outbound.ResponseTooLarge) and error.status in HTTP_OK
        return Answer(status=error.status, error_code="" if accepted else error.code)
    return Answer(
        status=response.status,
        error_code="" if response.status in HTTP_OK else f"http_{response.status}",
        excerpt=excerpt_of(response.body),
        retry_after=response.headers.get("retry-after", ""),
    )


def excerpt_of(body: bytes) -> str:
    """Return the beginning of an answer as plain text for people, without control characters."""
    # Four bytes per character at the most; what is cut in the middle becomes one replacement.
    text = body[: EXCERPT_LENGTH * 4].decode("utf-8", "replace")
    # Categories Cc, Cf, ...: NUL does not go into a text column, and a terminal or a page must not
    # be steered by a receiver (escape sequences, right-to-left overrides).
    plain = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
    # A receiver may echo what it was sent, a reconnect link among it.
    return mask(" ".join(plain.split()))[:EXCERPT_LENGTH]
