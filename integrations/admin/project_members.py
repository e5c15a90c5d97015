"""Who of the staff sees a project, and who may be added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404

from integrations.audit import Subject, record
from integrations.models.scoping import EVERY_PROJECT

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from integrations.models import Project

# More people than that are found on the page of users.
MOST_SHOWN: Final = 200
_EVERY_PROJECT_GROUP: Final = "All projects"
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who sees the project; ``everywhere``: because she sees every one."""

    user: User
    name: str
    role: str
    everywhere: bool
    removable: bool


def members_of(project: Project, viewer: User) -> list[Member]:
    """Return who sees ``project``: its members, then those who see every project."""
    free = set(User.objects.with_perm(EVERY_PROJECT, backend=_BACKEND).values_list("pk", flat=True))
    own = list(project.members.prefetch_related("groups").order_by("username")[:MOST_SHOWN])
    known = {user.pk for user in own}
    others = User.objects.filter(pk__in=free - known, is_staff=True, is_active=True)
    others = others.prefetch_related("groups").order_by("username")[:MOST_SHOWN]
    return [
        Member(
            user=user,
            name=user.get_full_name() or user.get_username(),
            role=_role(user),
            everywhere=user.pk in free,
            # Whoever removed herself could not undo it.
            removable=user.pk in known and (user.pk != viewer.pk or user.pk in free),
        )
        for user in [*own, *others]
    ]


def addable(project: Project) -> QuerySet[User]:
    """Return the staff who may be made members of ``project``."""
    staff = User.objects.filter(is_staff=True, is_active=True, is_superuser=False)
    return staff.exclude(projects=project).order_by("username")


@transaction.atomic
def add_member(*, project: Project, user_id: str, request: HttpRequest) -> User:
    """Let somebody see ``project``, and record it. Raises Http404 where she may not be added."""
    user = addable(project).filter(pk=_number(user_id)).first()
    if user is None:
        raise Http404
    project.members.add(user)
    _record(request, project, "add_member", "Added a member", user)
    return user


@transaction.atomic
def remove_member(*, project: Project, user_id: str, request: HttpRequest) -> User:
    """Take ``project`` from somebody, and record it. Raises Http404 where she is no member."""
    user: User | None = project.members.filter(pk=_number(user_id)).first()
    if user is None:
        raise Http404
    project.members.remove(user)
    _record(request, project, "remove_member", "Removed a member", user)
    return user


def _record(request: HttpRequest, project: Project, action: str, title: str, user: User) -> None:
    record(
        request=request,
        actor=request.user,
        action=action,
        title=title,
        subject=Subject.of(project),
        note=user.get_username(),
        changed=["members"],
    )


def _role(user: User) -> str:
    if user.is_superuser:
        return "Superuser"
    names = [group.name for group in user.groups.all() if group.name != _EVERY_PROJECT_GROUP]
    return ", ".join(sorted(names)) or "No role yet"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)
