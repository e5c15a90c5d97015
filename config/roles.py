"""Roles: groups whose permissions are kept as they stand here, after every migrate.

Permissions are rows that Django writes once all tables are there, later than any migration. So a
migration makes the groups and this fills them: on a fresh database, and on an upgrade that brings
further permissions. Which projects a role counts in, memberships say.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate
from django.dispatch import receiver

# What the console shows to people who run no instance.
_VIEWED: Final = (
    "connections.view_breaker",
    "connections.view_bulkjob",
    "connections.view_connectedaccount",
    "connections.view_connectlink",
    "connections.view_entity",
    "connections.view_expirynotice",
    "connections.view_portallink",
    "connections.view_revocation",
    "connections.view_worker",
    "integrations.view_apikey",
    "integrations.view_auditentry",
    "integrations.view_authconfig",
    "integrations.view_project",
    "integrations.view_tool",
    "webhooks.view_delivery",
    "webhooks.view_endpoint",
    "webhooks.view_event",
)
# Day-to-day work on rows that are there; nothing of what makes a project what it is.
_OPERATED: Final = (
    "connections.change_breaker",
    "connections.change_bulkjob",
    "connections.disable_connectedaccount",
    "connections.link_connectedaccount",
    "connections.probe_connectedaccount",
    "connections.refresh_connectedaccount",
    "connections.revoke_connectedaccount",
    "connections.add_portallink",
    "connections.change_portallink",
    "webhooks.change_delivery",
    "webhooks.operate_endpoint",
)
_ADMINISTERED: Final = (
    "connections.delete_connectedaccount",
    "connections.incident_bulkjob",
    "integrations.add_apikey",
    "integrations.change_apikey",
    "integrations.add_authconfig",
    "integrations.change_authconfig",
    "integrations.delete_authconfig",
    "integrations.change_project",
    "integrations.assign_members",
    "integrations.delete_tool",
    "webhooks.add_endpoint",
    "webhooks.change_endpoint",
    "webhooks.delete_endpoint",
)
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "Viewer": _VIEWED,
    "Operator": _VIEWED + _OPERATED,
    "Administrator": _VIEWED + _OPERATED + _ADMINISTERED,
    # No role: takes the restriction to memberships from somebody who has one.
    "All projects": ("integrations.every_project",),
}


@receiver(post_migrate)
def keep_roles(sender: Any, **kwargs: Any) -> None:
    """Write the roles once the last app of ours has its permissions."""
    if sender.label == "connections":
        write_roles()


def write_roles() -> None:
    """Make every role's group have exactly the role's permissions."""
    rows = Permission.objects.filter(
        content_type__app_label__in=("connections", "integrations", "webhooks")
    )
    known = {
        f"{row.content_type.app_label}.{row.codename}": row
        for row in rows.select_related("content_type")
    }
    for name, permissions in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        # Some are missing where somebody migrates up to an older step only.
        group.permissions.set([known[each] for each in permissions if each in known])
