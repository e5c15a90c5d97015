"""Which accounts a job is about: the filter of a list as facts, or everything of something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.db.models.functions import Left

from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount, Reason, Status
from connections.models.bulk import Extent
from integrations.ids import id_at
from integrations.models import AuthConfig, Project
from integrations.models.key_canary import KeyCanary
from integrations.secrets.keyring import PREFIX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet

    from connections.models import BulkJob

# Processes that were started before a key came first go on sealing with the former one for a while.
STILL_SEALED: Final = timedelta(days=1)
# By how much the clocks of two hosts may differ.
SKEW: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that a list can be filtered by.

    Attributes:
        label: what a person calls it.
        narrow: narrows accounts to those of a value, as they stood at a time.
        values: what it can be; None where that is any text.
    """

    label: str
    narrow: Callable[[QuerySet[ConnectedAccount], str, datetime], QuerySet[ConnectedAccount]]
    values: frozenset[str] | None = None


def _unchanged(rows: QuerySet[ConnectedAccount], at: datetime) -> QuerySet[ConnectedAccount]:
    """Narrow to accounts whose status is what it was then: others have joined since."""
    return rows.filter(status_changed_at__lte=at)


def _status(
    rows: QuerySet[ConnectedAccount], value: str, at: datetime
) -> QuerySet[ConnectedAccount]:
    return _unchanged(rows.filter(status=value), at)


def _reason(
    rows: QuerySet[ConnectedAccount], value: str, at: datetime
) -> QuerySet[ConnectedAccount]:
    return _unchanged(rows.filter(status_reason=value), at)


def _refreshing(
    rows: QuerySet[ConnectedAccount], value: str, at: datetime
) -> QuerySet[ConnectedAccount]:
    active = _unchanged(rows.filter(status=Status.ACTIVE), at)
    return active.filter(**_HEALTH[value](at))


def _age(rows: QuerySet[ConnectedAccount], value: str, at: datetime) -> QuerySet[ConnectedAccount]:
    then = id_at("ca", at - timedelta(days=_DAYS[value]))
    return rows.filter(pk__lt=then) if value == "older" else rows.filter(pk__gte=then)


def _toolkit(
    rows: QuerySet[ConnectedAccount], value: str, _at: datetime
) -> QuerySet[ConnectedAccount]:
    # Through the auth configs, which are few, and by which an index finds accounts.
    configs = AuthConfig.objects.filter(toolkit=value).values_list("pk", flat=True)
    return rows.filter(auth_config__in=list(configs))


_HEALTH: Final[dict[str, Callable[[datetime], dict[str, Any]]]] = {
    "doubt": lambda at: {"in_doubt_since__lte": at},
    "due": lambda at: {"refresh_at__lte": at},
    "failing": lambda at: {"refresh_failing_since__lte": at},
    "fine": lambda _at: {"refresh_failing_since__isnull": True},
}
_DAYS: Final = {"1": 1, "7": 7, "30": 30, "older": 30}
FACTS: Final[dict[str, Fact]] = {
    "status": Fact(label="Status", narrow=_status),
    "reason": Fact(label="Reason", narrow=_reason),
    "refreshing": Fact(label="Refreshing", narrow=_refreshing, values=frozenset(_HEALTH)),
    "age": Fact(label="Made", narrow=_age, values=frozenset(_DAYS)),
    "toolkit": Fact(label="Toolkit", narrow=_toolkit),
    "auth_config": Fact(
        label="Auth config", narrow=lambda rows, value, _at: rows.filter(auth_config=value)
    ),
    "project": Fact(label="Project", narrow=lambda rows, value, _at: rows.filter(project=value)),
    "user_id": Fact(
        label="User", narrow=lambda rows, value, _at: rows.filter(entity__user_id=value)
    ),
    "tenant_id": Fact(
        label="Tenant", narrow=lambda rows, value, _at: rows.filter(entity__tenant_id=value)
    ),
}


def are_understood(facts: Mapping[str, str]) -> bool:
    """Whether `filtered` knows what each of the facts means."""
    known = [FACTS.get(name) for name in facts]
    if not all(known):
        return False
    values = zip(known, facts.values(), strict=True)
    return all(fact and (fact.values is None or value in fact.values) for fact, value in values)


def filtered(facts: Mapping[str, str], *, at: datetime) -> QuerySet[ConnectedAccount]:
    """Return the accounts that ``facts`` describe as they stood at ``at``; no deleted ones.

    What was made later, or has come to match since, is none of them.

    Raises:
        KeyError: a fact that is not known. A filter that is not understood selects nothing.
    """
    if not are_understood(facts):
        raise KeyError(*facts)
    rows: QuerySet[ConnectedAccount] = ConnectedAccount.objects.filter(pk__lt=id_at("ca", at))
    for name, value in facts.items():
        rows = FACTS[name].narrow(rows, value, at)
    return rows if "status" in facts else rows.exclude(status=Status.DELETED)


def accounts_of(job: BulkJob, *, projects: frozenset[str] | None) -> QuerySet[ConnectedAccount]:
    """Return the accounts that a job is to collect, of the ``projects`` that it may; None: all."""
    if job.is_incident:
        given_before = Q(granted_at__lte=grants_until(job)) | Q(granted_at__isnull=True)
        rows = holding(job.extent, job.extent_id).filter(given_before)
    else:
        rows = filtered(job.facts, at=job.created_at)
    return rows if projects is None else rows.filter(project__in=sorted(projects))


def grants_until(job: BulkJob) -> datetime:
    """Return the time after which a grant was given that a job must not end: it is a new one.

    Where nobody can connect, what seems a little later was given before, by another host's clock.
    """
    return job.created_at + (SKEW if job.closed_configs else timedelta(0))


def holding(extent: str, extent_id: str) -> QuerySet[ConnectedAccount]:
    """Return the accounts of an incident's extent that hold credentials."""
    rows = ConnectedAccount.objects.filter(status__in=HOLDS_CREDENTIALS)
    narrow: dict[str, Callable[[], QuerySet[ConnectedAccount]]] = {
        Extent.AUTH_CONFIG: lambda: rows.filter(auth_config=extent_id),
        Extent.TOOLKIT: lambda: rows.filter(auth_config__in=configs_of(extent, extent_id)),
        Extent.PROJECT: lambda: rows.filter(project=extent_id),
        Extent.KEY: lambda: _under_key(rows, extent_id),
    }
    return narrow[extent]()


def configs_of(extent: str, extent_id: str) -> list[str]:
    """Return the auth configs with which people connect accounts of an extent; none of a key."""
    column = {
        Extent.AUTH_CONFIG: "pk",
        Extent.TOOLKIT: "toolkit",
        Extent.PROJECT: "project",
    }.get(Extent(extent))
    if column is None:
        return []
    rows = AuthConfig.objects.filter(**{column: extent_id})
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _under_key(rows: QuerySet[ConnectedAccount], key_id: str) -> QuerySet[ConnectedAccount]:
    """Narrow to accounts whose present grant is, or may once have been, sealed with the key.

    A text names the key that it is sealed with now. It was sealed anew with each refresh and by
    ``keys reseal``, so a grant that was given before another key came first, and whose text is of a
    later key, may have stood under this one: a copy of the database from then, and the key, open
    it. One still under an earlier key never did.
    """
    now_under = Q(key=key_id)
    key = KeyCanary.objects.filter(pk=key_id).first()
    if key is not None:
        later = KeyCanary.objects.filter(created_at__gt=key.created_at).order_by("created_at")
        following = list(later.values_list("pk", "created_at"))
        if following:
            until = following[0][1] + STILL_SEALED
            given_before = Q(granted_at__lt=until) | Q(granted_at__isnull=True)
            now_under |= given_before & Q(key__in=[name for name, _ in following])
    sealed_with = Left("credentials__payload", PREFIX_LENGTH - 1)
    return rows.annotate(key=sealed_with).filter(now_under)


def in_words(facts: Mapping[str, str], *, seen_by: User | AnonymousUser) -> list[tuple[str, str]]:
    """Return what a filter says, as (label, value) pairs of texts, with the names she may see."""
    labels = {name: fact.label for name, fact in FACTS.items()} | {"q": "Search"}
    return [
        (labels.get(name, name), _name_of(name, value, seen_by)) for name, value in facts.items()
    ]


def _name_of(name: str, value: str, seen_by: User | AnonymousUser) -> str:
    choices: dict[str, Any] = {"status": Status, "reason": Reason}
    if name in choices:
        return str(dict(choices[name].choices).get(value, value))
    named: dict[str, Any] = {"auth_config": AuthConfig, "project": Project}
    if name in named:
        rows = named[name].objects.visible_to(seen_by)
        return str(rows.filter(pk=value).first() or value)
    return value
