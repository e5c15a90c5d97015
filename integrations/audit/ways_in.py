"""By which ways somebody signed in, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from allauth.account.authentication import get_authentication_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User
    from django.http import HttpRequest

_WORDS: Final[Mapping[str, str]] = {
    "password": "password",
    "socialaccount": "single sign-on",
    "totp": "authenticator app",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
}


def ways_in(request: HttpRequest | None, user: User) -> str:
    """Return what ``user`` proved herself with in this session, as ``with password and passkey``.

    Empty where that is not known: another way than the sign-in pages.
    """
    if request is None or not hasattr(request, "session"):
        return ""
    records = get_authentication_records(request, user)
    words = dict.fromkeys(_word(each) for each in records if not each.get("reauthenticated"))
    return f"with {' and '.join(words)}" if words else ""


def _word(record: Mapping[str, Any]) -> str:
    method = str(record.get("type") if record.get("method") == "mfa" else record.get("method"))
    return _WORDS.get(method, method)
