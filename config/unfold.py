"""How the admin looks and what its sidebar holds; `config.settings` takes it in as ``UNFOLD``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse_lazy

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


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": False, "collapsible": False, "items": list(items)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Evergrant",
    "SITE_HEADER": "Evergrant",
    "SITE_SUBHEADER": "Grants, kept alive",
    "SITE_ICON": lambda _request: static("img/evergrant.svg"),
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "STYLES": [lambda _request: static("console/console.css")],
    "SCRIPTS": [lambda _request: static("console/console.js")],
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("img/evergrant.svg"),
        }
    ],
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .003 160)",
            "100": "oklch(96.6% .004 160)",
            "200": "oklch(92.6% .006 160)",
            "300": "oklch(86.8% .008 160)",
            "400": "oklch(70.8% .014 160)",
            "500": "oklch(54.6% .018 160)",
            "600": "oklch(44.2% .018 160)",
            "700": "oklch(36.6% .018 160)",
            "800": "oklch(26.6% .014 160)",
            "900": "oklch(20.6% .012 160)",
            "950": "oklch(14.4% .01 160)",
        },
        "primary": {
            "50": "oklch(97.5% .02 163)",
            "100": "oklch(94.5% .045 163)",
            "200": "oklch(89.5% .08 163)",
            "300": "oklch(82.5% .115 163)",
            "400": "oklch(74% .135 163)",
            "500": "oklch(63% .125 163)",
            "600": "oklch(51% .105 163)",
            "700": "oklch(44% .09 163)",
            "800": "oklch(37.5% .075 163)",
            "900": "oklch(32% .06 163)",
            "950": "oklch(22% .045 163)",
        },
    },
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
                _item("Revocations", "link_off", "connections.revocation"),
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
