"""People who are to be told: an account whose project writes mails, and its death."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage

from django.utils import timezone

from connections.actors import WORKER
from connections.lifecycle import move
from connections.models import ConnectedAccount, ExpiryNotice, Reason, Status
from connections.noticing.sending import send_due_notices

ADDRESS = "alice@home.example"


def let_write(account: ConnectedAccount) -> None:
    """Have the account's project write to its people, and give the person an address."""
    account.project.sends_expiry_notices = True
    account.project.save(update_fields=["sends_expiry_notices"])
    account.entity.email = ADDRESS
    account.entity.save(update_fields=["email"])


def die(account: ConnectedAccount, *, reason: Reason = Reason.GRANT_REVOKED) -> None:
    """Expire the account for a terminal reason."""
    account.refresh_from_db()
    move(account=account, to=Status.EXPIRED, reason=reason, actor=WORKER, now=timezone.now())


def make_due(at: datetime | None = None) -> None:
    """Let the waiting notices' time come."""
    past = at or timezone.now() - timedelta(seconds=1)
    ExpiryNotice.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=past)


def send() -> int:
    """Send whatever waits, its delay over."""
    make_due()
    return send_due_notices(seconds=30)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage) -> str:
    """Return the path of the mail's button."""
    found = re.search(r"(/connect/notices/[\w-]+)\s", text_of(mail))
    assert found is not None
    return found[1]
