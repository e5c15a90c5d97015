"""Sends the notices that are due. The rows are the truth; a task is a wake-up.

A row is claimed, then the mail is handed over, then the outcome is written. A refusal is tried
again; an attempt without an outcome is not, since the mail server may have taken the mail.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.conf import settings
from django.core import mail
from django.db import transaction
from django.utils import timezone

from connections.models import ExpiryNotice, NoticeCause, NoticeState, Status, grant_of
from connections.noticing.message import write_message
from connections.noticing.recording import takes_mail
from connections.schedule import SAME_END
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from django.core.mail import EmailMessage

log = structlog.get_logger(__name__)

# Longer than a mail server may take: see EMAIL_TIMEOUT.
LEASE: Final = timedelta(minutes=5)
# After so many refusals the mail is given up, the better part of a day later.
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))
_PERMANENT: Final = 500


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of one attempt; ``again`` where a further one may do better."""

    state: NoticeState
    explanation: str = ""
    again: bool = False


def send_due_notices(*, seconds: float, stop: threading.Event | None = None) -> int:
    """Send what is due for up to ``seconds``; return how many mails were handed over.

    Many may run at once. One mail's failure stops no other.
    """
    sent = 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not (stop and stop.is_set()):
        token = new_token()
        notice = _claim(token)
        if notice is None:
            break
        sent += _handle(notice, token)
    return sent


def _claim(token: str) -> ExpiryNotice | None:
    """Take the longest waiting notice; None where none is due. Its mail's links hold ``token``."""
    now = timezone.now()
    with transaction.atomic():
        rows = ExpiryNotice.objects.due(now=now).with_account()
        locked = rows.select_for_update(skip_locked=True, of=("self",))
        notice = locked.order_by("next_attempt_at").first()
        if notice is None:
            return None
        if notice.state == NoticeState.SENDING:
            # Its sender was killed: left as a doubt, and the next one is looked at.
            _write(notice, _Outcome(state=NoticeState.UNKNOWN, explanation="the sender ended"))
            return notice
        notice.state, notice.token_digest = NoticeState.SENDING, digest(token)
        notice.attempt_count += 1
        notice.next_attempt_at = now + LEASE
        notice.save(update_fields=["state", "token_digest", "attempt_count", "next_attempt_at"])
    return notice


def _handle(notice: ExpiryNotice, token: str) -> bool:
    if notice.state != NoticeState.SENDING:
        return False
    idle = _needless(notice)
    outcome = (
        _Outcome(state=NoticeState.DROPPED, explanation=idle) if idle else _send(notice, token)
    )
    _write(notice, outcome)
    return outcome.state == NoticeState.SENT


def _needless(notice: ExpiryNotice) -> str:
    """Say why the mail is not wanted any more; empty where it is."""
    account = notice.account
    if not takes_mail(account.entity):
        return "the person has no address or refuses mails"
    if notice.cause == NoticeCause.ASKED:
        return "" if account.status != Status.DELETED else "the account was deleted"
    if not notice.project.sends_expiry_notices:
        return "the project sends no notices"
    wanted = Status.EXPIRED if notice.cause == NoticeCause.ENDED else Status.ACTIVE
    if account.status != wanted or grant_of(account) != notice.grant:
        return "the account stands otherwise by now"
    return "the grant was renewed" if _is_renewed(notice) else ""


def _is_renewed(notice: ExpiryNotice) -> bool:
    """Whether a refresh of the same grant has moved away the end that the mail tells of."""
    if notice.cause != NoticeCause.ENDING or notice.ends_at is None:
        return False
    ends_at = notice.account.grant_ends_at
    return ends_at is None or ends_at > notice.ends_at + SAME_END


def _send(notice: ExpiryNotice, token: str) -> _Outcome:
    if not settings.SENDS_MAIL:
        log.error("mail_not_configured", notice_id=notice.pk)
        return _refused("no mail server is configured", again=True)
    try:
        message = write_message(notice, token=token)
    except Exception:
        # Nothing was sent: the others go on, and this one may be written another time.
        log.exception("mail_not_written", notice_id=notice.pk)
        return _refused("the mail could not be written", again=True)
    connection = mail.get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail_server_away", error=type(error).__name__)
        return _refused(f"the mail server was not reached ({type(error).__name__})", again=True)
    message.connection = connection
    try:
        return _hand_over(message)
    finally:
        connection.close()


def _hand_over(message: EmailMessage) -> _Outcome:
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        again = any(code < _PERMANENT for code in codes)
        return _refused(f"the address was refused ({codes[0]})", again=again)
    except smtplib.SMTPSenderRefused as error:
        # Of our own address: that is the operator's to correct, and then it can be sent.
        return _refused(f"the sender was refused ({error.smtp_code})", again=True)
    except smtplib.SMTPResponseException as error:
        again = error.smtp_code < _PERMANENT
        return _refused(f"the mail was refused ({error.smtp_code})", again=again)
    except Exception as error:  # noqa: BLE001 - one mail's surprise must not stop the others
        # It may have been taken before that: told twice is worse than told by the app alone.
        log.warning("mail_unanswered", error=type(error).__name__)
        return _Outcome(state=NoticeState.UNKNOWN, explanation=f"cut off ({type(error).__name__})")
    return _Outcome(state=NoticeState.SENT)


def _refused(explanation: str, *, again: bool) -> _Outcome:
    return _Outcome(state=NoticeState.FAILED, explanation=explanation, again=again)


def _write(notice: ExpiryNotice, outcome: _Outcome) -> None:
    now = timezone.now()
    notice.state, notice.explanation = outcome.state, outcome.explanation[:300]
    notice.next_attempt_at = _next_attempt(notice, now) if outcome.again else None
    if notice.next_attempt_at is not None:
        notice.state = NoticeState.WAITING
    if outcome.state == NoticeState.SENT:
        notice.sent_at = now
    notice.save(update_fields=["state", "explanation", "next_attempt_at", "sent_at"])
    log.info("notice_handled", notice_id=notice.pk, state=notice.state, cause=notice.cause)


def _next_attempt(notice: ExpiryNotice, now: datetime) -> datetime | None:
    tried = notice.attempt_count
    return now + PAUSES[tried - 1] if tried <= len(PAUSES) else None
