"""Who may come in by single sign-on, as whom, and with which roles."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from allauth.account.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import Group, User

from config.sign_in.sso.errors import (
    DomainNotAllowed,
    EmailUnverified,
    GroupMissing,
    NobodyKnown,
    OtherIdentity,
    SeveralKnown,
    SwitchedOff,
)
from config.sign_in.sso.provider import PROVIDER
from integrations.audit import Subject, record
from integrations.audit.signing_in import SSO_ADDED, SSO_LINKED, SSO_ROLES, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from config.sign_in.sso.claims import Claims

Roles = dict[str, list[str]]
_SHAPE: Final = 'a JSON object such as {"support": ["Viewer", "All projects"]}'


def admit(*, request: HttpRequest, claims: Claims, linked: User | None) -> User:
    """Return as whom somebody comes in. To be called in a transaction.

    The rules are asked at every sign-in, so that who has left a group at the provider stays out.

    Args:
        linked: who came with this identity before.

    Raises:
        SsoRefused: by one of its kinds, why she may not.
    """
    _check_rules(claims)
    user = linked or _known(claims) or _add(request, claims)
    if not (user.is_active and user.is_staff):
        raise SwitchedOff
    if linked is None:
        _record(request, user, SSO_LINKED, claims.email)
    _grant_roles(request, user, claims)
    return user


@lru_cache(maxsize=8)
def parse_roles(text: str) -> Roles:
    """Return which groups of the provider give which roles. Raises ValueError: what is wrong."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise ValueError(f"It must be {_SHAPE}.") from None
    if not isinstance(found, dict) or not all(_are_names(names) for names in found.values()):
        raise ValueError(f"It must be {_SHAPE}.")
    return found


def _are_names(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _check_rules(claims: Claims) -> None:
    domains = {domain.strip().lower() for domain in settings.SSO_ALLOWED_DOMAINS}
    if domains:
        if not claims.email_verified:
            raise EmailUnverified
        if claims.email.rpartition("@")[2].lower() not in domains:
            raise DomainNotAllowed
    if settings.SSO_ALLOWED_GROUPS and not claims.groups & set(settings.SSO_ALLOWED_GROUPS):
        raise GroupMissing


def _known(claims: Claims) -> User | None:
    """Return who has the verified address; None: nobody."""
    if not claims.email_verified:
        raise EmailUnverified
    rows = User.objects.filter(email__iexact=claims.email)
    # The database folds more letters together than ASCII has.
    found = [row for row in rows if row.email.lower() == claims.email.lower()]
    if len(found) > 1:
        raise SeveralKnown
    # An address may be given to a new employee; the identity of the one before is not hers.
    if found and SocialAccount.objects.filter(user=found[0], provider=PROVIDER).exists():
        raise OtherIdentity
    return found[0] if found else None


def _add(request: HttpRequest, claims: Claims) -> User:
    """Add somebody whom a rule lets in; without a rule strangers stay out."""
    if not (settings.SSO_ALLOWED_DOMAINS or settings.SSO_ALLOWED_GROUPS):
        raise NobodyKnown
    wanted = [claims.username, claims.email.partition("@")[0], "staff"]
    user = User(
        username=get_adapter().generate_unique_username([name for name in wanted if name]),
        email=claims.email,
        first_name=claims.first_name[:150],
        last_name=claims.last_name[:150],
        is_staff=True,
    )
    user.set_unusable_password()
    user.save()
    _record(request, user, SSO_ADDED, claims.email)
    return user


def _grant_roles(request: HttpRequest, user: User, claims: Claims) -> None:
    """Give and take the roles that the provider decides about; others stay as they are."""
    mapping: Mapping[str, list[str]] = parse_roles(settings.SSO_ROLES)
    decided = {name for names in mapping.values() for name in names}
    wanted = {name for group in claims.groups for name in mapping.get(group, ())}
    held = set(user.groups.filter(name__in=decided).values_list("name", flat=True))
    given = Group.objects.filter(name__in=wanted - held)
    taken = Group.objects.filter(name__in=held - wanted)
    told = [f"+{row.name}" for row in given] + [f"-{row.name}" for row in taken]
    if told:
        user.groups.add(*given)
        user.groups.remove(*taken)
        _record(request, user, SSO_ROLES, ", ".join(told))


def _record(request: HttpRequest, user: User, action: str, note: str) -> None:
    record(
        request=request,
        actor=user,
        action=action,
        title=WORDS[action],
        subject=Subject.of(user),
        note=note,
    )
