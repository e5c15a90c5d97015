"""The tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from integrations.branding.colors import carries_white, nearest_readable
from integrations.branding.contrast import WHITE, normalize, told
from integrations.ids import IdField
from integrations.models.scoping import sees_every_project
from integrations.web_addresses import check_callback_url, check_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AnonymousUser, User

MOST_CALLBACK_URLS: Final = 100
# The columns that hold a link, and whether it may be an e-mail address.
_LINKS: Final = {"privacy_url": False, "support_url": True, "verification_url": False}


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
    # Of the row in `ProjectLogo`: a page that shows the logo asks nothing more of the database.
    logo_digest = models.CharField(max_length=64, blank=True, editable=False)
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

    def clean(self) -> None:
        """Put name and accent colour into their one form, and refuse what people could not use.

        Raises:
            ValidationError: says of each field what is wrong.
        """
        problems: dict[str, list[str]] = {}
        checks: dict[str, Callable[[], None]] = {
            "name": self._clean_name,
            "accent_color": self._clean_color,
            "allowed_callback_urls": self._clean_callback_urls,
        }
        for name, check in checks.items():
            try:
                check()
            except ValidationError as error:
                problems[name] = error.messages
        for name, mailto in _LINKS.items():
            try:
                check_link(getattr(self, name), mailto=mailto)
            except ValueError as error:
                problems[name] = [str(error)]
        if problems:
            raise ValidationError(problems)

    def _clean_name(self) -> None:
        given, self.name = self.name, self.name.strip()
        if given and not self.name:
            raise ValidationError("A project has a name.")

    def _clean_color(self) -> None:
        if not self.accent_color:
            return
        try:
            color = self.accent_color = normalize(self.accent_color)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if not carries_white(color):
            message = (
                f"White text on {color} has a contrast of {told(color, WHITE)} to 1 and needs "
                f"4.5. The nearest colour that has it is {nearest_readable(color)}."
            )
            raise ValidationError(message)

    def _clean_callback_urls(self) -> None:
        if len(self.allowed_callback_urls) > MOST_CALLBACK_URLS:
            raise ValidationError(f"A project has at most {MOST_CALLBACK_URLS} callback URLs.")
        problems = []
        for url in self.allowed_callback_urls:
            try:
                check_callback_url(url)
            except ValueError as error:
                problems.append(f"{url[:200]}: {error}")
        if problems:
            raise ValidationError(problems)
