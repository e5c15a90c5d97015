"""Signatures as of Standard Webhooks, by the specification's own library."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC
from typing import TYPE_CHECKING, Final

from standardwebhooks import Webhook

from integrations.secrets import Secret
from webhooks.former_secrets import former_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from webhooks.models import Endpoint

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret starts with
SECRET_BYTES: Final = 32


def new_secret() -> Secret:
    """Return a fresh signing secret: ``whsec_`` and 32 random bytes in base64."""
    return Secret(SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())


def signing_secrets(endpoint: Endpoint, *, now: datetime) -> list[Secret]:
    """Return the secrets that sign now: the current one, and in their overlaps those before."""
    return [endpoint.secret, *(former.secret for former in former_secrets(endpoint, now=now))]


def signature_headers(
    *, message_id: str, body: str, signed_by: Iterable[Secret], now: datetime
) -> dict[str, str]:
    """Return ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` for ``body``.

    Args:
        signed_by: each gives one signature; the header lists them separated by blanks.
        now: the time of the attempt, aware.
    """
    # The library takes the clock reading for UTC whatever its zone says.
    timestamp = now.astimezone(UTC)
    signatures = [
        Webhook(secret.reveal()).sign(msg_id=message_id, timestamp=timestamp, data=body)
        for secret in signed_by
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(timestamp.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
