"""One account as its person reads it: what it is, how it stands, what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.connect.catalog_words import described
from connections.durations import time_ago
from connections.models import Reason, Revocation, Status
from connections.portal.acting import may_disconnect, may_reconnect
from connections.portal.wording import advice, reconnect_label, standing, undivided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connections.models import ConnectedAccount

# More than anybody has; the page stays one that can be read.
SHOWN = 100
# What needs the person comes first, what is over last.
_ORDER = (
    Status.EXPIRED,
    Status.ACTIVE,
    Status.INACTIVE,
    Status.INITIATED,
    Status.FAILED,
    Status.REVOKED,
)
_MAY_BE_USED = {Status.ACTIVE, Status.INACTIVE}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One account on the page.

    ``tone`` is ``good``, ``warn`` or ``quiet``; ``all_of_it`` says what is allowed where there are
    no scopes to tell, and is empty where nothing is. ``unverified``: the app has not said that it
    was its user who connected the account.
    """

    id: str
    service: str
    letter: str
    identity: str
    status: str
    tone: str
    advice: str
    scopes: list[dict[str, str]]
    all_of_it: str
    connected_at: datetime | None
    used: str
    checked: str
    ends_at: datetime | None
    unverified: bool
    reconnect: str
    disconnectable: bool

    @property
    def urgent(self) -> bool:
        """Whether connecting again is what the person should do."""
        return self.tone == "warn"


def entries_of(accounts: Sequence[ConnectedAccount], *, now: datetime) -> list[Entry]:
    """Return what the page shows of ``accounts``, what needs the person first."""
    ordered = sorted(accounts, key=_place)[:SHOWN]
    ending = _last_revocations(ordered)
    return [entry_of(account, ending.get(account.pk), now=now) for account in ordered]


def entry_of(
    account: ConnectedAccount, revocation: Revocation | None = None, *, now: datetime
) -> Entry:
    """Return what the page shows of one account."""
    status, tone = standing(account)
    usable = account.status in _MAY_BE_USED
    return Entry(
        id=account.pk,
        service=account.auth_config.toolkit_name,
        letter=account.toolkit[:1],
        identity=account.identity_label or account.alias,
        status=status,
        tone=tone,
        advice=advice(account, revocation),
        scopes=_scopes(account) if usable else [],
        all_of_it=undivided(account) if usable else "",
        connected_at=account.granted_at if account.status != Status.REVOKED else None,
        used=_used(account, now),
        checked=_checked(account, now) if usable else "",
        ends_at=account.grant_ends_at if account.status == Status.ACTIVE else None,
        unverified=usable and account.user_verified_at is None,
        reconnect=reconnect_label(account) if may_reconnect(account) else "",
        disconnectable=may_disconnect(account),
    )


def _used(account: ConnectedAccount, now: datetime) -> str:
    """Say when the app last took the token; empty where it never was given."""
    # The row of the relation, which is read with the account, is missing before the first use.
    use = getattr(account, "use", None)
    if use is not None:
        return time_ago(use.last_at, now=now)
    return _("not yet") if account.granted_at else ""


def _checked(account: ConnectedAccount, now: datetime) -> str:
    """Say when the service last confirmed the grant: by a new token or by a look at it."""
    checks = [at for at in (account.refreshed_at, account.last_verified_at) if at]
    if not checks:
        return ""
    last = max(checks)
    return time_ago(last, now=now)


def _place(account: ConnectedAccount) -> int:
    never = account.status_reason == Reason.LINK_EXPIRED
    status = Status.INITIATED if never else Status(account.status)
    return _ORDER.index(status)


def _scopes(account: ConnectedAccount) -> list[dict[str, str]]:
    """Return what was granted; what was asked for, where the service does not say."""
    toolkit = account.known_toolkit
    names = account.scopes_granted or account.scopes_requested
    # Services have several names for one permission; it is told once.
    told: dict[str, str] = {}
    for name in names:
        told.setdefault(toolkit.describe_scope(name) if toolkit else name, name)
    return [described(name, text) for text, name in told.items()]


def _last_revocations(accounts: Sequence[ConnectedAccount]) -> dict[str, Revocation]:
    over = [account.pk for account in accounts if account.status == Status.REVOKED]
    rows = Revocation.objects.filter(account__in=over).defer("payload").order_by("pk")
    return {row.account_id: row for row in rows}
