"""One issued grant on its way into the database."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.secrets.field import Sealed

_SEALED = re.compile(r"[0-9a-f]{8}\.[\w-]", re.ASCII)
_ACCOUNT_ID = re.compile(r"[!-~]{1,255}")
_PLAIN = (
    "attempt_id",
    "account_id",
    "project_id",
    "generation",
    "payload",
    "refresh_token_digest",
    "trigger",
    "worker",
    "http_status",
    "scopes",
)
_NEEDED_TIMES = ("started_at", "obtained_at")
_OTHER_TIMES = ("expires_at", "refresh_at", "probe_at", "grant_ends_at")
# Made once: making an encoder takes as long as using it.
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class EntryBroken(ValueError):
    """The text is not that of an entry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What one answered attempt brought, complete: storing it needs nothing else.

    ``generation`` is that of the credentials the call was made with; ``payload`` is sealed for the
    one after it. Times are aware.

    Raises:
        TypeError: the payload is not sealed, or a time is not a time.
        ValueError: the payload does not look like a sealed text, a time has no zone, or the
            account's id or generation does not fit the head of a frame.
    """

    attempt_id: str
    account_id: str
    project_id: str
    generation: int
    payload: Sealed = field(repr=False)
    refresh_token_digest: str
    trigger: str
    worker: str
    http_status: int
    started_at: datetime
    obtained_at: datetime
    expires_at: datetime | None
    refresh_at: datetime | None
    probe_at: datetime | None
    grant_ends_at: datetime | None
    scopes: list[str] | None

    def __post_init__(self) -> None:
        given: object = self.payload
        if not isinstance(given, Sealed):
            raise TypeError(f"payload takes a Sealed, not {type(given).__name__}.")
        if not _SEALED.match(given) or not given.isascii():
            raise ValueError("payload is not a sealed text.")
        if not _ACCOUNT_ID.fullmatch(self.account_id) or not 0 <= self.generation < 2**64:
            raise ValueError("account_id or generation is out of bounds.")
        for name in _NEEDED_TIMES:
            _check_time(name, getattr(self, name))
        for name in _OTHER_TIMES:
            if (time := getattr(self, name)) is not None:
                _check_time(name, time)

    @property
    def key_id(self) -> str:
        """The id of the key that sealed the payload, 8 hex digits."""
        return self.payload[:8]

    def encode(self) -> bytes:
        """Return the entry as JSON in ASCII, times as in ISO 8601."""
        document: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        for name in (*_NEEDED_TIMES, *_OTHER_TIMES):
            time = getattr(self, name)
            document[name] = None if time is None else time.isoformat()
        return _to_json(document).encode("ascii")

    @classmethod
    def decode(cls, text: bytes) -> Entry:
        """Return the entry that was encoded as ``text``. Raises EntryBroken."""
        try:
            document = json.loads(text)
            plain = {name: document[name] for name in _PLAIN}
            plain["payload"] = Sealed(plain["payload"])
            times = {name: datetime.fromisoformat(document[name]) for name in _NEEDED_TIMES}
            others = {
                name: None if (time := document.get(name)) is None else datetime.fromisoformat(time)
                for name in _OTHER_TIMES
            }
            return cls(**plain, **times, **others)  # type: ignore[arg-type]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Without the cause, which may quote the text.
            raise EntryBroken(f"Not an entry ({type(error).__name__}).") from None


def _check_time(name: str, time: object) -> None:
    if not isinstance(time, datetime):
        raise TypeError(f"{name} takes a datetime, not {type(time).__name__}.")
    if time.tzinfo is None:
        raise ValueError(f"{name} has no time zone.")
