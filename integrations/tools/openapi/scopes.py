"""Which scopes an operation asks for."""

from __future__ import annotations

from itertools import islice
from typing import Any

from integrations.tools.openapi.limits import MOST_ENTRIES
from integrations.tools.openapi.plain import is_plain


def scopes_of(document: dict[str, Any], operation: dict[str, Any]) -> list[list[str]]:
    """Return the scopes as a tool has them: all of the list, any one of each entry.

    Of several ways to authenticate those by OAuth count. Where each of them asks for one scope, any
    will do; else the first is meant.
    """
    asked = operation.get("security", document.get("security"))
    ways = asked[:MOST_ENTRIES] if isinstance(asked, list) else []
    told = [scopes for way in ways if (scopes := _scopes(document, way))]
    if len(told) > 1 and all(len(way) == 1 for way in told):
        return [list(dict.fromkeys(way[0] for way in told))]
    return [[scope] for scope in told[0]] if told else []


def _scopes(document: dict[str, Any], way: Any) -> list[str]:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    if not isinstance(way, dict) or not isinstance(schemes, dict):
        return []
    found: list[str] = []
    for name, scopes in islice(way.items(), MOST_ENTRIES):
        scheme = schemes.get(name)
        kind = scheme.get("type") if isinstance(scheme, dict) else None
        if kind in ("oauth2", "openIdConnect") and isinstance(scopes, list):
            first = scopes[:MOST_ENTRIES]
            found += [scope for scope in first if is_plain(scope) and isinstance(scope, str)]
    return list(dict.fromkeys(found))
