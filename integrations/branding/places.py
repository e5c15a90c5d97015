"""Where browsers and mail programs find a project's logo and stylesheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from integrations.branding.contrast import normalize
from integrations.branding.stylesheet import digest_of

if TYPE_CHECKING:
    from integrations.models import Project


def logo_path(project: Project) -> str:
    """Return the logo's address on this host, for pages; empty where the project has none."""
    if not project.logo_digest:
        return ""
    return reverse("branding:logo", args=[project.logo_digest])


def logo_url(project: Project) -> str:
    """Return the logo's whole address, for mails and apps; empty where the project has none."""
    path = logo_path(project)
    return f"{settings.BASE_URL}{path}" if path else ""


def stylesheet_path(project: Project) -> str:
    """Return the address of the project's colours; empty where it has Evergrant's own."""
    try:
        accent = normalize(project.accent_color)
    except ValueError:
        return ""
    return reverse("branding:stylesheet", args=[accent[1:], digest_of(accent)])
