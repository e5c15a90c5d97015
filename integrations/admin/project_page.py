"""What a project's page shows beside the form: tabs, members, API keys, how the pages look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone

from integrations.admin.api_keys import FROM_PROJECT, LIFETIMES
from integrations.admin.project_members import MOST_SHOWN, addable, members_of
from integrations.branding import logo_path, stylesheet_path
from integrations.branding.stylesheet import properties_of
from integrations.branding.verdict import judge
from integrations.models import ApiKey, Project
from integrations.models.api_key import Scope, default_scopes

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from integrations.branding.colors import Colors

SETTINGS, MEMBERS, KEYS = "settings", "members", "keys"
MOST_KEYS: Final = 200


def page_context(project: Project, request: HttpRequest, user: User, color: str) -> dict[str, Any]:
    """Return the tab that was asked for, and what it shows. ``color``: what the form holds."""
    sees_keys = user.has_perm("integrations.view_apikey")
    tabs = {SETTINGS: "Settings", MEMBERS: "Members"}
    if sees_keys:
        tabs[KEYS] = "API keys"
    asked = request.GET.get("tab", SETTINGS)
    tab = asked if asked in tabs and request.method == "GET" else SETTINGS
    context = {
        "tab": tab,
        "tabs": [(name, title, name == tab) for name, title in tabs.items()],
        "page": _page("change", project),
    }
    if tab == MEMBERS:
        return context | _members(project, user)
    if tab == KEYS:
        return context | _keys(project, user)
    return context | _branding(project, color)


def told_colors(colors: Colors) -> dict[str, dict[str, str]]:
    """Return the CSS custom properties of both schemes, for the preview."""
    return {"light": properties_of(colors.light), "dark": properties_of(colors.dark)}


def _branding(project: Project, color: str) -> dict[str, Any]:
    verdict = judge(color)
    # A colour that was refused is shown as the one that is suggested.
    shown = Project(accent_color=verdict.suggestion or verdict.color)
    return {
        "logo": logo_path(project),
        "stylesheet": stylesheet_path(shown),
        "verdict": verdict,
        "verdict_url": reverse("admin:integrations_project_colors"),
    }


def _members(project: Project, user: User) -> dict[str, Any]:
    assigns = user.has_perm("integrations.assign_members")
    return {
        "members": members_of(project, user),
        "assigns": assigns,
        "addable": addable(project)[:MOST_SHOWN] if assigns else (),
        "members_url": _page("members", project),
    }


def _keys(project: Project, user: User) -> dict[str, Any]:
    now = timezone.now()
    rows = list(ApiKey.objects.in_project(project).order_by("-pk")[:MOST_KEYS])
    changes = user.has_perm("integrations.change_apikey")
    shown = [_key(key, changes=changes and key.is_valid(now=now)) for key in rows]
    return {
        "keys": [row for row in shown if row["key"].is_valid(now=now)],
        "worthless": [row for row in shown if not row["key"].is_valid(now=now)],
        "adds_keys": user.has_perm("integrations.add_apikey"),
        "add_key_url": f"{reverse('admin:integrations_apikey_add')}?{FROM_PROJECT}=1",
        "scopes": [(scope.value, scope.label, scope in default_scopes()) for scope in Scope],
        "lifetimes": LIFETIMES,
        "now": now,
    }


def _key(key: ApiKey, *, changes: bool) -> dict[str, Any]:
    page = reverse("admin:integrations_apikey_change", args=[quote(key.pk)])
    do = page.removesuffix("change/") + "do/"
    way = f"/?{FROM_PROJECT}=1"
    return {
        "key": key,
        "page": page,
        "replace_url": f"{do}replace{way}" if changes else "",
        "revoke_url": f"{do}revoke{way}" if changes else "",
    }


def _page(name: str, project: Project) -> str:
    return reverse(f"admin:integrations_project_{name}", args=[quote(project.pk)])
