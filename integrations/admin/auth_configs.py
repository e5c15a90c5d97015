"""Auth configs: how a project's accounts authenticate with a toolkit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from integrations.admin.auth_config_fields import parameter_label, sections
from integrations.admin.auth_config_form import AuthConfigForm, form_of
from integrations.admin.auth_config_operations import OPERATIONS
from integrations.admin.base import VisibleRelatedFilter
from integrations.admin.client_pages import ClientAdmin
from integrations.admin.managed_choice import (
    WhoseAppFilter,
    app_tabs,
    chosen_app,
    managed_explained,
    managed_sections,
    refused_by_app,
)
from integrations.admin.marks import Header, Tone, badge, chips, code, copyable, two_lines
from integrations.admin.project_choice import for_request
from integrations.admin.service_drafts import drop_draft, find_draft, toolkit_of
from integrations.admin.service_pages import ask_for_service
from integrations.admin.state_filter import ClientStateFilter
from integrations.admin.toolkit_choice import chosen_toolkit, list_of_toolkits
from integrations.admin.toolkit_marks import (
    mark,
    scheme_explained,
    scheme_label,
    unverified_facts,
)
from integrations.admin.toolkits import SchemeFilter, ToolkitFilter
from integrations.auth_configs import store_auth_config
from integrations.catalog import UnknownToolkit
from integrations.described.written import as_text
from integrations.models import AuthConfig
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.moments import EMPTY, relative, when

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from integrations.admin.operations import Operation
    from integrations.catalog import Toolkit


def _shown_of_service(config: AuthConfig, text: str) -> tuple[str, ...]:
    """Return the fields that show a described service; ``text``: the one with its description."""
    found = ("discovered_at",) if config.service_url else ()
    return (*found, text) if config.service else ()


def _service_section(config: AuthConfig | None) -> list[Any]:
    """Return what those see of a described service who only look."""
    shown = _shown_of_service(config, "service_text") if config is not None else ()
    return [("Service", {"fields": shown})] if shown else []


def _next_call(config: AuthConfig) -> str:
    """Say when a provider that refuses the client is asked again."""
    now = timezone.now()
    if config.calls_blocked_until is None or config.calls_blocked_until <= now:
        return "its accounts are refreshed again as soon as the provider accepts it."
    until = relative(config.calls_blocked_until, now=now)
    return f"saving a change lets calls go out at once, otherwise the next one goes {until}."


def _advice(config: AuthConfig) -> str:
    if known_toolkit(config) is None:
        return (
            "The catalog has lost this toolkit or its scheme, so nothing can be changed here and "
            "no new account can be connected."
        )
    if not config.misconfigured_since:
        return ""
    told = config.misconfigured_error or "no error code"
    since = f"{config.misconfigured_since:%Y-%m-%d %H:%M} UTC"
    if refused_by_app(config):
        return (
            f"The provider refuses this instance's app ({told}) since {since}, for every project. "
            "No account was changed. Whoever runs the instance can correct it."
        )
    return (
        f"The provider refuses this client ({told}) since {since}. No account was changed. "
        f"Check client ID, secret and scopes; {_next_call(config)}"
    )


def _client_label(config: AuthConfig) -> str:
    scheme = scheme_label(config.scheme)
    return f"{scheme} by this instance's app" if config.managed_app_id else scheme


def known_toolkit(config: AuthConfig) -> Toolkit | None:
    """Return the config's toolkit, None where the catalog has lost it or the config's scheme."""
    try:
        kit = config.whole_toolkit
    except UnknownToolkit:
        return None
    return kit if config.scheme in kit.schemes else None


@admin.register(AuthConfig)
class AuthConfigAdmin(ClientAdmin):
    """How a project authenticates with a toolkit: the toolkit is chosen first, then the form."""

    form = AuthConfigForm
    exclude = ("project",)
    operations: tuple[Operation, ...] = OPERATIONS
    change_form_outer_before_template = "admin/integrations/auth_config_head.html"
    list_display = ("name_and_toolkit", "project", "scheme_name", "state", "client", "created")
    list_select_related = ("project",)
    list_filter: ClassVar[tuple[Any, ...]] = (
        ("project", VisibleRelatedFilter),
        ToolkitFilter,
        SchemeFilter,
        WhoseAppFilter,
        ClientStateFilter,
        "enabled",
    )
    search_fields = ("name", "id__exact", "client_id__exact")
    readonly_fields = (
        "redirect_uri",
        "project_name",
        "scope_list",
        "optional_scope_list",
        "parameter_list",
        "testing",
        "client",
        "authorization_list",
        "token_list",
        "discovered_at",
        "service_text",
    )
    # What those see who only look: no inputs, and nothing of the secret.
    fieldsets = (
        (None, {"fields": ("name", "project_name", "enabled", "parameter_list")}),
        ("Client", {"fields": ("redirect_uri", "client", "testing")}),
        ("Scopes", {"fields": ("scope_list", "optional_scope_list")}),
        ("Further parameters of requests", {"fields": ("authorization_list", "token_list")}),
    )

    class Media:
        css = {"all": ["console/toolkits.css"]}

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the toolkits; with one in the query, its form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "service" in request.GET:
            return ask_for_service(self, request)
        if self._chosen(request, None) is None:
            context = self._context(request) | list_of_toolkits(request.GET)
            context |= {"title": "Choose a toolkit", "media": self.media}
            return TemplateResponse(request, "admin/integrations/choose_toolkit.html", context)
        return super().add_view(request, form_url, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without the toolkit nobody can tell what a form would have to ask for."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or known_toolkit(obj) is not None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by Django, which would read every account; there is an operation."""
        return False

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        chosen = self._chosen(request, obj)
        if chosen is not None:
            asked = flatten_fieldsets(self.get_fieldsets(request, obj))
            draft = find_draft(request) if obj is None else None
            app = chosen_app(request, *chosen) if obj is None else obj.managed_app
            kwargs["form"] = form_of(*chosen, asked, draft, app)
        return for_request(super().get_form(request, obj, change, **kwargs), request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what the scheme needs; plain facts for those who only look."""
        chosen = self._chosen(request, obj)
        if chosen is None or not (obj is None or self.has_change_permission(request, obj)):
            if obj is not None and obj.managed_app_id:
                return (self.fieldsets[0], self.fieldsets[2])
            # A key needs neither client nor scopes.
            plain = self.fieldsets if obj is None or obj.client_id else self.fieldsets[:1]
            return (*plain, *_service_section(obj))
        if chosen_app(request, *chosen) if obj is None else obj.managed_app_id:
            return managed_sections(added=obj is not None)
        testing_mode = obj is not None and obj.testing_mode
        described = _shown_of_service(obj, "description") if obj is not None else ()
        return sections(
            *chosen, added=obj is not None, testing_mode=testing_mode, described=described
        )

    def save_model(self, request: HttpRequest, obj: AuthConfig, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if not change:
            super().save_model(request, obj, form, change)
            return
        store_auth_config(auth_config=obj, client_secret=form.new_secret, changes=form.changes())

    def response_add(
        self, request: HttpRequest, obj: AuthConfig, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the new config's page: its redirect URI is wanted next."""
        drop_draft(request)
        if not self.has_view_permission(request, obj):
            return super().response_add(request, obj, post_url_continue)
        told = "{} was added."
        if obj.scheme in OAUTH_SCHEMES and not obj.managed_app_id:
            told = f"{told} Now register its redirect URI at {{}}."
        messages.success(request, format_html(told, obj.name, obj.toolkit_name))
        return HttpResponseRedirect(self.page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            context["mark"] = mark(row.toolkit, row.toolkit_name)
        if chosen := self._chosen(request, row):
            context.setdefault("mark", mark(chosen[0].slug, chosen[0].name))
            context |= self._about(*chosen, added=row is not None)
            context |= self._about_app(request, *chosen, row)
            context |= {"draft": find_draft(request), "draft_name": request.GET.get("draft", "")}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_header(self, request: HttpRequest, obj: AuthConfig) -> Header:
        return Header(
            title=obj.name,
            subtitle=f"{obj.toolkit_name} · {_client_label(obj)} · {obj.pk}",
            badge=self.state(obj),
            advice=_advice(obj),
            advice_tone=Tone.BAD,
        )

    @admin.display(description="Auth config", ordering="name")
    def name_and_toolkit(self, config: AuthConfig) -> SafeString:
        return two_lines(config.name, config.toolkit_name)

    @admin.display(description="Scheme", ordering="scheme")
    def scheme_name(self, config: AuthConfig) -> str:
        return scheme_label(config.scheme)

    @admin.display(description="State")
    def state(self, config: AuthConfig) -> SafeString:
        if config.misconfigured_since:
            return badge("Misconfigured", Tone.BAD)
        return badge("Enabled", Tone.GOOD) if config.enabled else badge("Disabled", Tone.QUIET)

    @admin.display(description="Created", ordering="id")
    def created(self, config: AuthConfig) -> SafeString | str:
        return when(config.created_at)

    @admin.display(description="Redirect URI")
    def redirect_uri(self, config: AuthConfig) -> SafeString | str:
        if config._state.adding:  # noqa: SLF001 - Django's name for it
            return "Shown here once this is saved: every auth config has one of its own."
        return copyable(config.redirect_uri) if config.scheme in OAUTH_SCHEMES else EMPTY

    @admin.display(description="Discovered at")
    def discovered_at(self, config: AuthConfig) -> SafeString | str:
        return copyable(config.service_url)

    @admin.display(description="Description")
    def service_text(self, config: AuthConfig) -> SafeString | str:
        return format_html('<pre class="eg-code">{}</pre>', as_text(config.service or {}))

    @admin.display(description="Client ID", ordering="client_id")
    def client(self, config: AuthConfig) -> SafeString | str:
        return "this instance's app" if config.managed_app_id else code(config.client_id)

    @admin.display(description="Testing mode")
    def testing(self, config: AuthConfig) -> str:
        return "The provider has this app in testing." if config.testing_mode else "no"

    @admin.display(description="Project")
    def project_name(self, config: AuthConfig) -> str:
        return config.project.name

    @admin.display(description="Required scopes")
    def scope_list(self, config: AuthConfig) -> SafeString | str:
        return chips(config.scopes, empty="the toolkit's defaults")

    @admin.display(description="Optional scopes")
    def optional_scope_list(self, config: AuthConfig) -> SafeString | str:
        return chips(config.optional_scopes)

    @admin.display(description="Parameters")
    def parameter_list(self, config: AuthConfig) -> SafeString | str:
        pairs = config.parameters.items()
        return chips(f"{parameter_label(name)}: {value}" for name, value in pairs)

    @admin.display(description="Authorization parameters")
    def authorization_list(self, config: AuthConfig) -> SafeString | str:
        return chips(f"{name}={text}" for name, text in config.authorization_parameters.items())

    @admin.display(description="Token parameters")
    def token_list(self, config: AuthConfig) -> SafeString | str:
        return chips(f"{name}={text}" for name, text in config.token_parameters.items())

    def _chosen(self, request: HttpRequest, obj: AuthConfig | None) -> tuple[Toolkit, str] | None:
        """Return toolkit and scheme: the row's, or those of the query, the first scheme if none."""
        if obj is not None:
            kit = known_toolkit(obj)
            return (kit, obj.scheme) if kit else None
        draft = find_draft(request)
        kit = toolkit_of(draft) if draft else chosen_toolkit(request.GET.get("toolkit", ""))
        if kit is None:
            return None
        scheme = request.GET.get("scheme", "")
        return kit, scheme if scheme in kit.schemes else kit.schemes[0]

    def _about_app(
        self, request: HttpRequest, kit: Toolkit, scheme: str, row: AuthConfig | None
    ) -> dict[str, Any]:
        """Return what is told about whose app it is; nothing where only an own one is possible."""
        app = chosen_app(request, kit, scheme) if row is None else row.managed_app
        tabs = app_tabs(kit, scheme, app) if row is None else []
        if app is None:
            return {"app_tabs": tabs}
        return {"app_tabs": tabs, "explained": managed_explained(kit, app), "register_url": ""}

    def _about(self, kit: Toolkit, scheme: str, *, added: bool) -> dict[str, Any]:
        """Return what is told about a toolkit above its form."""
        oauth = scheme in OAUTH_SCHEMES
        offered = [] if added else kit.schemes
        return {
            "kit": kit,
            "schemes": [(name, scheme_label(name), name == scheme) for name in offered],
            "explained": scheme_explained(kit, scheme),
            "register_url": kit.console_url if oauth else "",
            "key_url": "" if oauth else kit.key_form(scheme).help_url,
            "unverified": unverified_facts(kit),
        } | ({} if added else {"title": f"Add an auth config for {kit.name}"})
