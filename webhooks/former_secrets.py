"""Secrets of before a rotation, each of which signs until the time that it was promised.

The last one has columns of its own; the others are kept together, sealed. Who rotates again because
the answer was lost thereby takes nothing from a receiver that still knows the first secret alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from integrations.secrets import Secret, if_it_opens
from webhooks.errors import TooManySecrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhooks.models import Endpoint

# Each adds a signature to every delivery.
MOST_FORMER: Final = 4


@dataclass(frozen=True, kw_only=True, repr=False)
class FormerSecret:
    """One secret, which signs until ``until``."""

    secret: Secret
    until: datetime


def former_secrets(endpoint: Endpoint, *, now: datetime) -> list[FormerSecret]:
    """Return those of before that still sign, the last one first.

    Raises SealBroken, KeyUnknown: those that are kept together do not open.
    """
    found, until = [], endpoint.previous_secret_until
    if until is not None and endpoint.previous_secret is not None:
        found.append(FormerSecret(secret=endpoint.previous_secret, until=until))
    if endpoint.older_secrets is not None:
        found += _taken_apart(endpoint.older_secrets)
    return [former for former in found if now < former.until]


def retire_secret(endpoint: Endpoint, *, until: datetime, now: datetime) -> None:
    """Let the present secret sign until ``until`` beside the one that will take its place.

    Those before it keep their times. What does not open signs nothing, and is left out.

    Raises:
        TooManySecrets: `MOST_FORMER` sign beside it already.
    """
    endpoint.previous_secret = if_it_opens(endpoint.previous_secret)
    endpoint.older_secrets = if_it_opens(endpoint.older_secrets)
    former = former_secrets(endpoint, now=now)
    if len(former) >= MOST_FORMER:
        raise TooManySecrets
    retired = if_it_opens(endpoint.secret)
    endpoint.older_secrets = _put_together(former) if former else None
    endpoint.previous_secret = retired
    endpoint.previous_secret_until = until if retired is not None else None


def forget_former(endpoint: Endpoint) -> None:
    """Let none of before sign any more."""
    endpoint.previous_secret = endpoint.older_secrets = None
    endpoint.previous_secret_until = None


def _put_together(former: Iterable[FormerSecret]) -> Secret:
    pairs = [[each.secret.reveal(), each.until.isoformat()] for each in former]
    return Secret(json.dumps(pairs))


def _taken_apart(kept: Secret) -> list[FormerSecret]:
    return [
        FormerSecret(secret=Secret(text), until=datetime.fromisoformat(until))
        for text, until in json.loads(kept.reveal())
    ]
