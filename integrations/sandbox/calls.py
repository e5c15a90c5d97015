"""The book of protocol calls, for tests and for curious people. Never a token, only digests."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from integrations.sandbox.models import CALLS_KEPT, Call

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

DIGEST_LENGTH = 16
SUCCESS = {"token": "issued", "revoke": "revoked", "userinfo": "served"}


def short_digest(token: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of ``token``, or an empty string for none."""
    return hashlib.sha256(token.encode()).hexdigest()[:DIGEST_LENGTH] if token else ""


def record_call(
    *, request: HttpRequest, endpoint: str, outcome: str, fault: str, status: int, now: datetime
) -> None:
    """Write down one call and drop the oldest beyond the last 10,000."""
    token = request.POST.get("token" if endpoint == "revoke" else "refresh_token", "")
    call = Call.objects.create(
        at=now,
        endpoint=endpoint,
        grant_type=request.POST.get("grant_type", "")[:64],
        refresh_token_digest=short_digest(token),
        outcome=outcome[:64],
        fault=fault,
        status=status,
    )
    Call.objects.filter(pk__lte=call.pk - CALLS_KEPT).delete()


def outcome_of(endpoint: str, answer: HttpResponse) -> str:
    """Return what an undamaged answer says: success, or the OAuth error code in it."""
    if answer.status_code == 200:
        return SUCCESS[endpoint]
    try:
        body = json.loads(answer.content)
    except ValueError:
        return f"http_{answer.status_code}"
    return str(body.get("error", f"http_{answer.status_code}"))
