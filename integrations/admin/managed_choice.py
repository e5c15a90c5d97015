"""The choice between the instance's own app and one of the project's, for a new auth config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils.html import format_html

from integrations.admin.base import MAX_FILTER_CHOICES
from integrations.admin.theme import DropdownFilter
from integrations.models import ManagedApp
from integrations.models.managed_app import OWN_FAULTS

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.forms import Field
    from django.http import HttpRequest

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig

OWN: Final = "own"
ANY: Final = "managed"


class WhoseAppFilter(DropdownFilter):
    """Narrow a list to those that stand on an app of the instance, or on one of their own."""

    title = "whose app"
    parameter_name = "app"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        apps = ManagedApp.objects.visible_to(request.user).order_by("name")[:MAX_FILTER_CHOICES]
        shown = [(app.pk, f"This instance's: {app.name}") for app in apps]
        return [(OWN, "Their own"), (ANY, "This instance's"), *shown]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        if asked in {OWN, ANY}:
            return queryset.filter(managed_app__isnull=asked == OWN)
        return queryset.filter(managed_app=asked) if asked else queryset


def offered_apps(toolkit: Toolkit, scheme: str) -> list[ManagedApp]:
    """Return the apps that a new auth config of the toolkit and the scheme may stand on."""
    apps = ManagedApp.objects.offered().filter(toolkit=toolkit.slug).order_by("pk")
    return [app for app in apps if app.scheme == scheme]


def chosen_app(request: HttpRequest, toolkit: Toolkit, scheme: str) -> ManagedApp | None:
    """Return the app that the query names, the first one where it names none; None: the own."""
    named = request.GET.get("app", "")
    if named == OWN:
        return None
    apps = offered_apps(toolkit, scheme)
    return next((app for app in apps if app.pk == named), apps[0] if apps else None)


def app_tabs(toolkit: Toolkit, scheme: str, chosen: ManagedApp | None) -> list[dict[str, Any]]:
    """Return the tabs of the choice; none where there is nothing to choose."""
    apps = offered_apps(toolkit, scheme)
    shown = [(app.pk, _label(app, alone=len(apps) == 1)) for app in apps]
    current = chosen.pk if chosen else OWN
    return [
        {
            "label": label,
            "query": urlencode({"toolkit": toolkit.slug, "scheme": scheme, "app": name}),
            "chosen": name == current,
        }
        for name, label in ([*shown, (OWN, "An app of your own")] if shown else [])
    ]


def managed_sections(*, added: bool) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the fieldsets of a managed auth config's form: nothing of the client."""
    first = ["name", *(["project_name", "enabled"] if added else ["project"])]
    return [
        (None, {"fields": first}),
        ("Scopes", {"fields": ["scopes", "optional_scopes"]}),
        (
            "Further parameters of requests",
            {"fields": ["authorization_parameters"], "classes": ["collapse"]},
        ),
    ]


def narrowed(toolkit: Toolkit, app: ManagedApp | None) -> Toolkit:
    """Return the toolkit with no scopes to choose from but those that the app is approved for."""
    if app is None or not app.scopes:
        return toolkit
    known = toolkit.scope_descriptions
    return toolkit.model_copy(
        update={"scope_descriptions": {scope: known.get(scope, "") for scope in app.scopes}}
    )


def ask_for_approved(field: Field, toolkit: Toolkit, app: ManagedApp) -> None:
    """Have scopes named where the toolkit's defaults are not all approved."""
    if lacking := app.unapproved(toolkit.for_scheme(app.scheme).default_scopes):
        field.required = True
        field.widget.attrs.pop("placeholder", None)
        field.help_text = format_html(
            "One per line. The toolkit's defaults cannot be asked for, because the app is not "
            "approved for {}. It is for: {}.",
            ", ".join(lacking),
            ", ".join(app.scopes),
        )


def managed_explained(toolkit: Toolkit, app: ManagedApp) -> str:
    """Say what the choice means for a project."""
    return (
        f"People consent at {toolkit.name} to the app that this instance registered there "
        f"({app.name}). You register nothing and enter no secret."
    )


def refused_by_app(config: AuthConfig) -> bool:
    """Whether what the provider refuses is the managed app, which its project cannot correct."""
    if config.misconfigured_since is None or not config.managed_app_id:
        return False
    return config.misconfigured_error not in OWN_FAULTS


def _label(app: ManagedApp, *, alone: bool) -> str:
    return "This instance's app" if alone else f"This instance's app: {app.name}"
