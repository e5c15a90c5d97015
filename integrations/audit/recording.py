"""Writes entries of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied

from integrations.models.audit_entry import AuditEntry, Outcome
from integrations.models.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import Model
    from django.http import HttpRequest


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What an action is about, in texts that outlive it."""

    type: str
    id: str
    label: str
    project_id: str | None

    @classmethod
    def of(cls, row: Model, *, project_id: str | None = None) -> Self:
        """Return the subject that ``row`` is; ``project_id``: of a row without such a column."""
        own = row.pk if isinstance(row, Project) else getattr(row, "project_id", None)
        return cls(
            type=row._meta.label_lower, id=str(row.pk), label=str(row), project_id=own or project_id
        )


def record(
    *,
    request: HttpRequest | None,
    actor: AbstractBaseUser | AnonymousUser | None,
    action: str,
    title: str,
    subject: Subject | None = None,
    note: str = "",
    outcome: Outcome = Outcome.DONE,
    error_code: str = "",
    changed: Iterable[str] = (),
) -> AuditEntry:
    """Write an entry, in the transaction of the caller.

    Args:
        action: the code that is filtered by; ``title``: how it is called today.
        changed: names of fields, never values.
    """
    known = actor is not None and actor.pk is not None
    return AuditEntry.objects.create(
        actor_id=str(actor.pk) if known and actor else "",
        actor_name=actor.get_username()[:150] if known and actor else "",
        action=action[:60],
        action_title=title[:100],
        subject_type=subject.type if subject else "",
        subject_id=subject.id[:600] if subject else "",
        subject_label=subject.label[:300] if subject else "",
        project_id=subject.project_id if subject else None,
        address=address_of(request),
        request_id=getattr(request, "id", ""),
        note=note[:200],
        outcome=outcome,
        error_code=error_code[:64],
        changed=[name[:100] for name in changed],
    )


def address_of(request: HttpRequest | None) -> str | None:
    """Return where a request comes from, as the limits of signing in see it; None: unknown."""
    if request is None:
        return None
    try:
        return str(ip_address(get_adapter(request).get_client_ip(request)))
    except (PermissionDenied, ValueError):
        return None
