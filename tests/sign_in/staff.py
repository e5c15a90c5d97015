"""A member of staff at the sign-in pages, with or without a second factor."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client

from integrations.models import AuditEntry

LOGIN = "/accounts/login/"
CODE = "/accounts/2fa/authenticate/"
SECURITY = "/accounts/security/"
PASSWORD = "a long password"
KEY = base64.b32encode(b"twenty bytes of key.").decode()


def staff(name: str = "ann", *, app: bool = False, superuser: bool = True) -> User:
    """Return somebody who may enter the console; with ``app`` she has an authenticator app."""
    user = User.objects.create_user(
        name, email=f"{name}@example.com", password=PASSWORD, is_staff=True, is_superuser=superuser
    )
    if app:
        TOTP.activate(user, KEY)
        RecoveryCodes.activate(user)
    return user


def code_of(key: str = KEY, *, steps: int = 0) -> str:
    """Return what an authenticator app shows, ``steps`` half minutes from now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(base64.b32decode(key), counter, "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def come_in(user: User, **typed: str) -> Client:
    """Return a browser in which ``user`` has typed her password, and her code if she needs one."""
    browser = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    answer = browser.post(LOGIN, {"login": user.username, "password": PASSWORD, **typed})
    if answer.headers.get("Location", "").startswith(CODE):
        browser.post(CODE, {"code": code_of()})
    return browser


def prove(browser: Client, factor: Authenticator) -> None:
    """Have the session of ``browser`` prove ``factor``, as if it had been asked for it."""
    session = browser.session
    proof = {"method": "mfa", "at": time.time(), "id": factor.pk, "type": factor.type}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        *session[AUTHENTICATION_METHODS_SESSION_KEY],
        proof,
    ]
    session.save()


def is_out(browser: Client) -> bool:
    """Whether the console sends ``browser`` to the sign-in page."""
    answer = browser.get("/admin/")
    return answer.headers.get("Location", "").startswith("/admin/login/?next=")


def told(*actions: str) -> list[tuple[str, str, str]]:
    """Return what the audit trail has: action, note, and the code of what refused it."""
    rows = AuditEntry.objects.order_by("pk")
    chosen = rows.filter(action__in=actions) if actions else rows
    return [(row.action, row.note, row.error_code) for row in chosen]


def secret_on(page: Any) -> str:
    """Return the key that a page shows to be typed into an app."""
    found = re.search(r'id="authenticator_secret">([A-Z2-7 ]+)<', page.content.decode())
    assert found is not None
    return found[1].replace(" ", "")
