"""The tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from integrations.ids import IdField
from integrations.models.scoping import sees_every_project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class ProjectQuerySet(models.QuerySet["Project"]):
    """Projects as a person in the admin sees them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Staff see the projects they are members of, some all: see `sees_every_project`."""
        return self.all() if sees_every_project(user) else self.filter(members=user.pk)


class Project(models.Model):
    """A tenant: owns API keys, auth configs, entities, webhook endpoints. Nothing crosses it."""

    id = IdField("pr")
    name = models.CharField(max_length=100, help_text="Shown to people on the hosted pages.")
    allowed_callback_urls = ArrayField(
        models.CharField(max_length=2000),
        default=list,
        blank=True,
        help_text="Where a person may be sent back to after connecting. A callback URL matches "
        "an entry with the same scheme, host, port and path.",
    )
    accent_color = models.CharField(
        max_length=7,
        blank=True,
        help_text="Of buttons on the hosted pages and in e-mails, as #rrggbb. It must be readable "
        "under white text.",
    )
    privacy_url = models.CharField(
        max_length=2000,
        blank=True,
        help_text="The app's privacy policy; the hosted pages link to it.",
    )
    support_url = models.CharField(
        max_length=2000,
        blank=True,
        help_text="Where people find help: an https or mailto URL.",
    )
    verification_url = models.CharField(
        max_length=2000,
        blank=True,
        help_text="Where a person is sent after consenting, for the app to say who she is. "
        "Without one, accounts are connected unverified.",
    )
    sends_expiry_notices = models.BooleanField(
        default=False,
        help_text="Tell people by e-mail when a grant of theirs died or is about to end.",
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="projects",
        help_text="Staff who see this project in the admin. Superusers and the group All projects "
        "see every one.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("every_project", "Can see every project, a member or not"),
            ("assign_members", "Can say who sees a project"),
        ]

    def __str__(self) -> str:
        return self.name
