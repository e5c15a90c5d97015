"""Managed apps: the instance's own OAuth apps. Only superusers run the instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from integrations.admin.client_pages import ClientAdmin
from integrations.admin.managed_app_form import (
    ManagedAppForm,
    managed_app_sections,
    managed_form_of,
)
from integrations.admin.marks import Header, Tone, badge, copyable
from integrations.admin.operations import Done, Operation
from integrations.admin.staff import SuperusersOnly
from integrations.admin.toolkit_choice import chosen_toolkit, list_of_toolkits
from integrations.admin.toolkit_marks import mark, scheme_label, unverified_facts
from integrations.admin.toolkits import ToolkitFilter
from integrations.catalog import all_toolkits
from integrations.managed_apps import (
    delete_managed_app,
    forget_managed_secrets,
    store_managed_app,
)
from integrations.models import AuthConfig, ManagedApp
from integrations.models.managed_app import scheme_for
from integrations.moments import relative, when

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from integrations.catalog import Toolkit

# Of a client ID in the list; some have seventy.
_SHOWN_LETTERS = 28
_EXPLAINED = (
    "An app that you register at {} once, for all projects: their people consent to it, and no "
    "project learns its secret."
)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A tile above the form."""

    label: str
    count: int
    note: str
    tone: Tone
    url: str


def drop_older_secrets(app: ManagedApp, _request: HttpRequest, _note: str) -> Done:
    """Leave the newest secret only."""
    forget_managed_secrets(app=app)
    return Done(message="older secrets dropped.")


def delete(app: ManagedApp, _request: HttpRequest, _note: str) -> Done:
    """Delete the app."""
    delete_managed_app(app=app)
    return Done(message="deleted.")


@admin.register(ManagedApp)
class ManagedAppAdmin(SuperusersOnly, ClientAdmin):
    """An app of the instance: the toolkit is chosen first, then the form."""

    form = ManagedAppForm
    operations = (
        Operation(
            name="drop-older-secrets",
            title="Drop older secrets",
            icon="key_off",
            permission="integrations.change_managedapp",
            consequence="Only the newest secret is kept, for all projects. Do this once the older "
            "ones are deleted at the provider. This cannot be undone.",
            run=drop_older_secrets,
            applies=lambda app: app.older_client_secrets is not None,
            confirm=True,
            in_lists=False,
        ),
        Operation(
            name="delete",
            title="Delete",
            icon="delete",
            permission="integrations.delete_managedapp",
            consequence="It is gone with its client secrets. One that auth configs stand on is "
            "not deleted. This cannot be undone.",
            run=delete,
            applies=lambda app: not app.auth_configs.exists(),
            confirm=True,
            danger=True,
            removes=True,
        ),
    )
    change_form_outer_before_template = "admin/integrations/auth_config_head.html"
    list_display = ("name_and_toolkit", "state", "used", "client", "created")
    list_display_links = ("name_and_toolkit",)
    list_filter = (ToolkitFilter, "enabled")
    search_fields = ("name", "id__exact", "client_id__exact", "toolkit")
    readonly_fields = ("redirect_uri",)
    # Of an app whose toolkit the catalog has lost; any other has a form of its own.
    fieldsets = ((None, {"fields": ("redirect_uri",)}),)

    class Media:
        css = {"all": ["console/toolkits.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the apps, each with who uses it."""
        projects = Count("auth_configs__project", distinct=True)
        counts = {"configs": Count("auth_configs"), "projects": projects}
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**counts)
        return rows

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the toolkits that take an app; with one in the query, its form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if self._chosen(request, None) is None:
            context = self._context(request) | _list_of_oauth_toolkits(request)
            context |= {"title": "Choose a toolkit", "media": self.media, "of_managed_app": True}
            return TemplateResponse(request, "admin/integrations/choose_toolkit.html", context)
        return super().add_view(request, form_url, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without the toolkit nobody can tell what a form would have to ask for."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or _known_toolkit(obj) is not None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by Django, which would read every auth config; there is an operation."""
        return False

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        if kit := self._chosen(request, obj):
            asked = flatten_fieldsets(self.get_fieldsets(request, obj))
            kwargs["form"] = managed_form_of(kit, scheme_for(kit), asked)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what the toolkit needs."""
        kit = self._chosen(request, obj)
        if kit is None:
            return self.fieldsets
        return managed_app_sections(kit, scheme_for(kit), added=obj is not None)

    def save_model(self, request: HttpRequest, obj: ManagedApp, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if not change:
            super().save_model(request, obj, form, change)
            return
        store_managed_app(app=obj, client_secret=form.new_secret, changes=form.changes())

    def response_add(
        self, request: HttpRequest, obj: ManagedApp, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the new app's page: its redirect URI is wanted next."""
        told = "{} was added. Now register its redirect URI at {}."
        messages.success(request, format_html(told, obj.name, _toolkit_name(obj)))
        return HttpResponseRedirect(self.page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            context |= {"mark": mark(row.toolkit, _toolkit_name(row)), "usage": _facts(row)}
        if kit := self._chosen(request, row):
            context |= {
                "mark": mark(kit.slug, kit.name),
                "kit": kit,
                "explained": _EXPLAINED.format(kit.name),
                "register_url": kit.console_url,
                "unverified": unverified_facts(kit),
            }
            context |= {} if row else {"title": f"Add a managed app for {kit.name}"}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_header(self, request: HttpRequest, obj: ManagedApp) -> Header:
        kit = _known_toolkit(obj)
        scheme = f" · {scheme_label(scheme_for(kit))}" if kit else ""
        return Header(
            title=obj.name,
            subtitle=f"{_toolkit_name(obj)}{scheme} · {obj.pk}",
            badge=self.state(obj),
            advice=_advice(obj),
            advice_tone=Tone.BAD,
        )

    @admin.display(description="Managed app", ordering="name")
    def name_and_toolkit(self, app: ManagedApp) -> SafeString:
        name = _toolkit_name(app)
        shown = (
            '<span class="eg-marked">{}<span class="eg-cell"><span>{}</span>'
            '<span class="eg-cell-note">{}</span></span></span>'
        )
        return format_html(shown, mark(app.toolkit, name), app.name, name)

    @admin.display(description="State")
    def state(self, app: ManagedApp) -> SafeString:
        if app.misconfigured_since:
            return badge("Misconfigured", Tone.BAD)
        return badge("Enabled", Tone.GOOD) if app.enabled else badge("Disabled", Tone.QUIET)

    @admin.display(description="Used by")
    def used(self, app: Any) -> str:
        if not app.configs:
            return "nobody yet"
        configs = "auth config" if app.configs == 1 else "auth configs"
        projects = "project" if app.projects == 1 else "projects"
        return f"{app.configs:,} {configs} in {app.projects:,} {projects}"

    @admin.display(description="Client ID", ordering="client_id")
    def client(self, app: ManagedApp) -> SafeString:
        most = _SHOWN_LETTERS
        shown = app.client_id if len(app.client_id) <= most else f"{app.client_id[: most - 1]}…"
        return format_html('<code class="eg-chip" title="{}">{}</code>', app.client_id, shown)

    @admin.display(description="Created", ordering="id")
    def created(self, app: ManagedApp) -> SafeString | str:
        return when(app.created_at)

    @admin.display(description="Redirect URI")
    def redirect_uri(self, app: ManagedApp) -> SafeString | str:
        if app._state.adding:  # noqa: SLF001 - Django's name for it
            return "Shown here once this is saved: one for all projects."
        return copyable(app.redirect_uri)

    def _chosen(self, request: HttpRequest, obj: ManagedApp | None) -> Toolkit | None:
        """Return the toolkit, the row's or that of the query, where it takes an OAuth app."""
        if obj is not None:
            return _known_toolkit(obj)
        kit = chosen_toolkit(request.GET.get("toolkit", ""))
        return kit if kit and scheme_for(kit) else None


def _list_of_oauth_toolkits(request: HttpRequest) -> dict[str, Any]:
    context = list_of_toolkits(request.GET)
    fitting = {slug for slug, kit in all_toolkits().items() if scheme_for(kit)}
    rows = [(row, fits) for row, fits in context["rows"] if row.slug in fitting]
    return context | {"rows": rows, "found": sum(fits for _row, fits in rows)}


def _known_toolkit(app: ManagedApp) -> Toolkit | None:
    kit = chosen_toolkit(app.toolkit)
    return kit if kit and scheme_for(kit) else None


def _toolkit_name(app: ManagedApp) -> str:
    kit = chosen_toolkit(app.toolkit)
    return kit.name if kit else app.toolkit


def _advice(app: ManagedApp) -> str:
    if _known_toolkit(app) is None:
        return (
            "The catalog has lost this toolkit, so nothing can be changed here and nobody can "
            "connect with it."
        )
    if not app.misconfigured_since:
        return ""
    now = timezone.now()
    blocked = app.calls_blocked_until
    waits = blocked is not None and blocked > now
    until = relative(blocked, now=now) if blocked is not None and waits else "now"
    return (
        f"The provider refuses this client ({app.misconfigured_error or 'no error code'}) since "
        f"{app.misconfigured_since:%Y-%m-%d %H:%M} UTC, for every project. No account was changed. "
        f"Check client ID and secret: saving a change lets calls go out at once, otherwise the "
        f"next one goes {until}."
    )


def _facts(app: Any) -> list[Fact]:
    used = AuthConfig.objects.filter(managed_app=app)
    configs = used.count()
    projects = used.values("project").distinct().count()
    listed = reverse("admin:integrations_authconfig_changelist")
    url = f"{listed}?{urlencode({'app': app.pk})}"
    tone = Tone.GOOD if configs else Tone.QUIET
    return [
        Fact(
            label="Auth configs",
            count=configs,
            note="stand on this app" if configs != 1 else "stands on this app",
            tone=tone,
            url=url,
        ),
        Fact(
            label="Projects",
            count=projects,
            note="uses it" if projects == 1 else "use it",
            tone=tone,
            url="",
        ),
    ]
