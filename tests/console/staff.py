"""Members of staff with exactly the permissions a test names."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import Client

from integrations.models import Project

OURS = ("connections", "integrations", "webhooks")


def member(*projects: Project, permissions: tuple[str, ...] = (), username: str = "mel") -> User:
    """Return a new member of staff who sees ``projects``; ``permissions`` are ``app.codename``."""
    user = User.objects.create_user(username=username, is_staff=True)
    rows = Permission.objects.select_related("content_type").filter(
        codename__in=[permission.partition(".")[2] for permission in permissions]
    )
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    user.user_permissions.set([found[permission] for permission in permissions])
    for project in projects:
        project.members.add(user)
    return user


def every_permission() -> tuple[str, ...]:
    """Return all permissions on models of ours, less the one that sees other people's projects."""
    rows = Permission.objects.filter(content_type__app_label__in=OURS)
    rows = rows.exclude(codename="every_project")
    return tuple(f"{row.content_type.app_label}.{row.codename}" for row in rows)


def signed_in(user: User, *, csrf: bool = False) -> Client:
    """Return a browser in which ``user`` is signed in."""
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(user)
    return client
