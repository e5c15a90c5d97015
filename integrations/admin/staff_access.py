"""What opens a member of staff's account, where it is open, and how to end that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join

from integrations.admin.marks import Tone, badge
from integrations.admin.operations import Done, Operation
from integrations.browsers import describe_browser
from integrations.moments import EMPTY
from integrations.second_factors import (
    factors_of,
    has_second_factor,
    name_of,
    reset_second_factor,
)
from integrations.sessions import end_sessions, sessions_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


def factor_badge(user: User) -> SafeString:
    """Return whether her password alone opens the account."""
    if has_second_factor(user):
        return badge("Second factor", Tone.GOOD)
    return badge("No second factor", Tone.QUIET)


def list_factors(user: User) -> SafeString | str:
    """Return her factors, and when each was last used."""
    return _list(
        (f"{name[:1].upper()}{name[1:]}", f"last used: {_day(each.last_used_at)}")
        for each in factors_of(user)
        if (name := name_of(each))
    )


def list_sessions(user: User) -> SafeString | str:
    """Return her sessions, the last used first."""
    return _list(
        (
            describe_browser(each.user_agent),
            f"{each.ip}, since {_day(each.created_at)}, last used {_day(each.last_seen_at)}",
        )
        for each in sessions_of(user)
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


def _list(items: Iterable[tuple[str, str]]) -> SafeString | str:
    rows = list(items)
    if not rows:
        return EMPTY
    line = '<li class="eg-access"><span>{}</span><small>{}</small></li>'
    return format_html('<ul class="eg-list">{}</ul>', format_html_join("", line, rows))


def _sign_out(user: User, request: HttpRequest, note: str) -> Done:
    ended = end_sessions(user=user)
    return Done(message=f"{ended} session{'' if ended == 1 else 's'} ended.")


def _reset(user: User, request: HttpRequest, note: str) -> Done:
    reset_second_factor(user=user)
    return Done(message="Reset. The password alone opens the account now.")


OPERATIONS = (
    Operation(
        name="sign_out_everywhere",
        title="Sign out everywhere",
        permission="auth.change_user",
        consequence="Every session ends at once. She can sign in again.",
        run=_sign_out,
        icon="logout",
        confirm=True,
    ),
    Operation(
        name="second_factor_reset",
        title="Reset the second factor",
        permission="auth.change_user",
        consequence="Passkeys, authenticator app and recovery codes are removed and every session "
        "ends. Make sure that it is her who asks for it: until she sets up another, the password "
        "alone opens the account.",
        run=_reset,
        applies=lambda user: bool(factors_of(user)),
        icon="lock_reset",
        confirm=True,
        danger=True,
        in_lists=False,
    ),
)
