"""Holds what a person brought back, where her project wants to say first who she is.

The provider's answer, or what she typed into the form, is sealed and traded for nothing. She is
sent to the app, which knows who is signed in there; `verifying` goes on once it has answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from connections.callback_urls import with_result
from connections.models import Verification
from integrations.secrets import Secret
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.models import ConnectAttempt, ConnectLink


@dataclass(frozen=True, kw_only=True, repr=False)
class Held:
    """A person on her way to the app. ``url`` holds the token."""

    link: ConnectLink
    url: str


def wants_verification(attempt: ConnectAttempt) -> bool:
    """Whether the project says itself who its users are."""
    return bool(attempt.link.account.project.verification_url)


def hold(*, attempt: ConnectAttempt, brought: Mapping[str, str], now: datetime) -> Held:
    """Seal what she ``brought`` and say where at the app to send her.

    What was held before of the same link is wiped: the newest trip counts.
    """
    link, token = attempt.link, new_token()
    with transaction.atomic():
        earlier = Verification.objects.filter(attempt__link=link, ended_at__isnull=True)
        earlier.filter(verified_at__isnull=True).update(ended_at=now, held=None)
        verification = Verification(
            project_id=link.project_id,
            account_id=link.account_id,
            attempt=attempt,
            token_digest=digest(token),
            held_at=now,
            expires_at=now + timedelta(seconds=settings.CONNECT_VERIFY_SECONDS),
        )
        verification.held = Secret(json.dumps(dict(brought)))
        verification.save(force_insert=True)
    return Held(link=link, url=_app_url(link, token))


def open_held(held: Secret) -> dict[str, str]:
    """Return what was held."""
    brought: dict[str, str] = json.loads(held.reveal())
    return brought


def send_again(*, verification: Verification, now: datetime) -> str | None:
    """Return the app's address with a new token, for a person who lost the page; None if over.

    The token from before is worth nothing then.
    """
    token = new_token()
    waiting = Verification.objects.filter(
        pk=verification.pk, verified_at__isnull=True, ended_at__isnull=True, expires_at__gt=now
    )
    if not waiting.update(token_digest=digest(token)):
        return None
    return _app_url(verification.attempt.link, token)


def page_url(verification: Verification) -> str:
    """Return where the app sends the person back to: from there she is led on, however it ended."""
    path = reverse("connect:verification", args=[verification.pk])
    return f"{settings.BASE_URL}{path}"


def _app_url(link: ConnectLink, token: str) -> str:
    told = {"connected_account_id": link.account_id, "verification_token": token}
    if link.app_state:
        told["state"] = link.app_state
    return with_result(link.account.project.verification_url, told)
