"""How many accounts use an auth config, and how many of them lack a scope that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount
from integrations.counting import Count, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig

# Of more accounts than can be counted soon, so many of the newest are looked at.
SAMPLE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What is known of a config's accounts.

    Attributes:
        accounts: all but the deleted ones.
        looked_at: how many accounts with a grant were looked at for scopes.
        lacking: how many of these lack a required scope.
        sampled: whether there are more than were looked at; those are the newest.
    """

    accounts: Count
    looked_at: int
    lacking: int
    sampled: bool


def usage_of(auth_config: AuthConfig) -> Usage:
    """Return how much ``auth_config`` is used. Raises LookupError where its toolkit is lost."""
    accounts = ConnectedAccount.objects.living().filter(auth_config=auth_config)
    granted = _granted(ConnectedAccount.objects.filter(auth_config=auth_config))
    there = count_rows(granted)
    if not there.exact:
        newest = granted.order_by("-pk").values("pk")[:SAMPLE]
        granted = ConnectedAccount.objects.filter(pk__in=newest)
    lacking = lacking_scopes(granted, auth_config.catalog_entry, auth_config.required_scopes)
    return Usage(
        accounts=count_rows(accounts),
        looked_at=there.number if there.exact else SAMPLE,
        lacking=lacking.count(),
        sampled=not there.exact,
    )


def lacking_scopes(
    accounts: QuerySet[ConnectedAccount], toolkit: Toolkit, wanted: Iterable[str]
) -> QuerySet[ConnectedAccount]:
    """Narrow to accounts whose `ConnectedAccount.missing_scopes` are any of ``wanted``."""
    complete = Q()
    for scope in toolkit.missing_scopes(wanted=wanted, granted=()):
        complete &= Q(scopes_granted__overlap=toolkit.names_bringing(scope))
    return _granted(accounts).exclude(complete) if complete else accounts.none()


def _granted(accounts: QuerySet[ConnectedAccount]) -> QuerySet[ConnectedAccount]:
    """Narrow to accounts that hold a grant which says what it is good for."""
    held = accounts.filter(status__in=HOLDS_CREDENTIALS, granted_at__isnull=False)
    return held.exclude(scopes_granted=[])
