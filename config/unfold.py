"""How the admin looks and what its sidebar holds; `config.settings` takes it in as ``UNFOLD``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


# Who may do what, and what the instance lends to all projects.
_OPERATORS = frozenset({"auth.user", "auth.group", "integrations.managedapp"})


def _allowed(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _superuser if model in _OPERATORS else _allowed(f"{app}.view_{name}"),
    }


def _on_jobs(request: HttpRequest) -> bool:
    """Whether a page of the bulk jobs is open; the incident's address begins like theirs."""
    path = request.path
    incident = path == reverse("admin:connections_incident")
    return path.startswith(reverse("admin:connections_bulkjob_changelist")) and not incident


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": False, "collapsible": False, "items": list(items)}


def without_inline_styles(_request: HttpRequest) -> dict[str, Any]:
    """Keep the theme from writing its colours into every page: they stand in colors.css."""
    return {"colors": {}}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Evergrant",
    "SITE_HEADER": "Evergrant",
    "SITE_SUBHEADER": "Grants, kept alive",
    "SITE_ICON": lambda _request: static("img/evergrant.svg"),
    "SITE_URL": None,
    "ACCOUNT": {"navigation": [{"title": "Your security", "link": reverse_lazy("security")}]},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "GLOBAL_CALLBACK": "config.unfold.without_inline_styles",
    "STYLES": [
        lambda _request: static("console/colors.css"),
        lambda _request: static("console/console.css"),
        lambda _request: static("console/dashboard.css"),
        lambda _request: static("console/access.css"),
        lambda _request: static("console/bulk.css"),
        lambda _request: static("console/staff.css"),
        lambda _request: static("console/projects.css"),
        lambda _request: static("console/accounts.css"),
    ],
    "SCRIPTS": [lambda _request: static("console/console.js")],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("img/evergrant.svg"),
        }
    ],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": None,
                "separator": False,
                "items": [
                    {"title": "Overview", "icon": "monitoring", "link": reverse_lazy("admin:index")}
                ],
            },
            _group(
                "Accounts",
                _item("Connected accounts", "hub", "connections.connectedaccount"),
                _item("Entities", "group", "connections.entity"),
                _item("Links", "link", "connections.connectlink"),
                _item("Notices", "outgoing_mail", "connections.expirynotice"),
                _item("Portal links", "door_front", "connections.portallink"),
                _item("Revocations", "link_off", "connections.revocation"),
                _item("Bulk jobs", "checklist", "connections.bulkjob") | {"active": _on_jobs},
                {
                    "title": "Incident",
                    "icon": "e911_emergency",
                    "link": reverse_lazy("admin:connections_incident"),
                    "permission": _allowed("connections.incident_bulkjob"),
                },
            ),
            _group(
                "Refreshing",
                _item("Workers", "vital_signs", "connections.worker"),
                _item("Breakers", "electric_bolt", "connections.breaker"),
            ),
            _group(
                "Integrations",
                _item("Auth configs", "vpn_key", "integrations.authconfig"),
                _item("Tools", "construction", "integrations.tool"),
                _item("Managed apps", "domain_verification", "integrations.managedapp"),
                _item("Projects", "workspaces", "integrations.project"),
                _item("API keys", "key", "integrations.apikey"),
            ),
            _group(
                "Webhooks",
                _item("Endpoints", "webhook", "webhooks.endpoint"),
                _item("Events", "bolt", "webhooks.event"),
                _item("Deliveries", "local_shipping", "webhooks.delivery"),
            ),
            _group(
                "Staff",
                _item("Users", "person", "auth.user"),
                _item("Groups", "groups", "auth.group"),
                _item("Audit trail", "fact_check", "integrations.auditentry"),
            ),
        ],
    },
}
