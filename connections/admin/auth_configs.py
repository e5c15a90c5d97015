"""Auth configs, with what the accounts tell of them, and a way to try one out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from connections.actors import operator
from connections.admin.incidents import incident_url
from connections.health import configs_held_back
from connections.models.bulk import INCIDENT_PERMISSION, Extent
from connections.operations.rehearsing import PREFIX, rehearse
from connections.usage import Usage, usage_of
from integrations.admin.auth_configs import AuthConfigAdmin, known_toolkit
from integrations.admin.marks import Tone
from integrations.admin.operations import Done, Operation
from integrations.admin.state_filter import ClientStateFilter
from integrations.models import AuthConfig
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.models.scoping import projects_of, sees_every_project
from integrations.secrets import Secret

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A tile above the form."""

    label: str
    count: str
    note: str
    tone: Tone
    url: str = ""


def make_link(config: AuthConfig, request: HttpRequest, _note: str) -> Done:
    """Make a connect link for the operator herself."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    issued = rehearse(
        auth_config=config, username=request.user.get_username(), actor=operator(request.user)
    )
    return Done(message="link made.", shown_once=Secret(issued.url))


TEST = Operation(
    name="test",
    title="Test",
    icon="play_circle",
    permission="connections.link_connectedaccount",
    consequence="Opens the page that your users see, where you connect an account of your own. It "
    f"is kept under the user {PREFIX} followed by your name.",
    run=make_link,
    applies=lambda config: config.takes_connections and known_toolkit(config) is not None,
    in_lists=False,
)


def refuse(_config: AuthConfig, _request: HttpRequest, _note: str) -> Done:
    """Do nothing: an incident is confirmed on a page of its own."""
    return Done(message="nothing was revoked.", level=messages.WARNING)


INCIDENT = Operation(
    name="incident",
    title="Revoke everything",
    icon="e911_emergency",
    permission=INCIDENT_PERMISSION,
    consequence="Every account of it is revoked. A page of its own says what will happen.",
    run=refuse,
    confirm=True,
    danger=True,
    in_lists=False,
)


class WaitingFilter(ClientStateFilter):
    """By what the provider says of the client, and whether refreshes wait for it."""

    title = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), ("held", "Due accounts wait")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "held":
            return super().queryset(request, queryset)
        user = request.user
        projects = None if sees_every_project(user) else projects_of(user)
        return queryset.filter(pk__in=configs_held_back(now=timezone.now(), projects=projects))


# integrations shows them without knowing of accounts.
admin.site.unregister(AuthConfig)


@admin.register(AuthConfig)
class UsedAuthConfigAdmin(AuthConfigAdmin):
    """An auth config with its accounts."""

    operations = (TEST, *AuthConfigAdmin.operations, INCIDENT)
    list_filter = tuple(
        WaitingFilter if each is ClientStateFilter else each for each in AuthConfigAdmin.list_filter
    )

    def operation_view(self, request: HttpRequest, object_id: str, operation: str) -> HttpResponse:
        """Lead to the incident page where everything of a config is to be revoked."""
        answer = super().operation_view(request, object_id, operation)
        if operation != INCIDENT.name or request.method == "POST":
            return answer
        config = self.get_object(request, unquote(object_id))
        return HttpResponseRedirect(incident_url(Extent.AUTH_CONFIG, str(config.pk)))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and request.user.has_perm("connections.view_connectedaccount"):
            context["usage"] = _facts(row)
        return super().render_change_form(request, context, *args, **kwargs)

    def _run(
        self, request: HttpRequest, operation: Operation, rows: list[Any], *, back: str
    ) -> HttpResponse:
        if operation is not TEST:
            return super()._run(request, operation, rows, back=back)
        done = self.carry_out(request, operation, rows[0])
        if done.shown_once is None:
            messages.add_message(request, done.level, f"{rows[0]}: {done.message}")
            return HttpResponseRedirect(back)
        return HttpResponseRedirect(done.shown_once.reveal())


def _facts(config: AuthConfig) -> list[Fact]:
    if known_toolkit(config) is None:
        return []
    usage = usage_of(config)
    url = reverse("admin:connections_connectedaccount_changelist")
    facts = [
        Fact(
            label="Accounts",
            count=str(usage.accounts),
            note="use this auth config" if usage.accounts.number != 1 else "uses this auth config",
            tone=Tone.GOOD if usage.accounts.number else Tone.QUIET,
            url=f"{url}?{urlencode({'auth_config__id__exact': config.pk})}",
        )
    ]
    if config.scheme in OAUTH_SCHEMES and usage.looked_at:
        facts.append(_lacking(usage))
    return facts


def _lacking(usage: Usage) -> Fact:
    of = f"of {'the newest ' if usage.sampled else ''}{usage.looked_at:,}"
    told = "reconnecting asks for it" if usage.lacking else "all have what is required"
    return Fact(
        label="Lack a required scope",
        count=f"{usage.lacking:,}",
        note=f"{of} that told their scopes; {told}",
        tone=Tone.WARN if usage.lacking else Tone.GOOD,
    )
