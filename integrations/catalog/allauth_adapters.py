"""What django-allauth's provider adapters know of a service: endpoints, separators, client auth.

About a hundred are kept up to date there. A file of ours names one (``allauth: github``), and gives
only what it knows better, or what allauth has no use for: how grants live and die.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

FOLDER: Final = "allauth.socialaccount.providers"


class UnknownAdapter(LookupError):
    """allauth has no adapter of that name, or one that could not be told from others."""


def endpoints(provider: str) -> dict[str, Any]:
    """Return what allauth's adapter of ``provider`` says, as fields of a toolkit.

    What an adapter works out for each request (a tenant's host, say) is not in it.

    Raises:
        UnknownAdapter: there is none.
    """
    adapter = _adapter(provider)
    oauth1 = hasattr(adapter, "request_token_url")
    found: dict[str, Any] = {
        "authorization_url": _text(adapter, "authorize_url"),
        "token_url": _text(adapter, "access_token_url"),
    }
    if oauth1:
        return _present(found | {"request_token_url": _text(adapter, "request_token_url")})
    profile_url = _text(adapter, "profile_url")
    return _present(
        found
        | {
            "scope_separator": _text(adapter, "scope_delimiter"),
            "client_auth": "client_secret_basic" if adapter.basic_auth else "client_secret_post",
            "pkce": _provider(provider, adapter).pkce_enabled_default,
            "token_headers": adapter.headers if isinstance(adapter.headers, dict) else None,
            "identity": {"url": profile_url} if profile_url else None,
        }
    )


def _adapter(provider: str) -> Any:
    try:
        views = import_module(f"{FOLDER}.{provider}.views")
    except ImportError as error:
        raise UnknownAdapter(f"django-allauth has no provider {provider!r}.") from error
    adapters = [
        thing
        for thing in vars(views).values()
        if isinstance(thing, type)
        and thing.__module__ == views.__name__
        and hasattr(thing, "provider_id")
        and hasattr(thing, "authorize_url")
    ]
    if len(adapters) != 1:
        raise UnknownAdapter(f"django-allauth's {provider!r} has {len(adapters)} adapters.")
    return adapters[0]


def _provider(provider: str, adapter: Any) -> Any:
    module = import_module(f"{FOLDER}.{provider}.provider")
    return next(thing for thing in module.provider_classes if thing.oauth2_adapter_class is adapter)


def _text(adapter: Any, name: str) -> str | None:
    """Return an attribute that is the same for every request; None where it is not one."""
    value = getattr(adapter, name, None)
    return value if isinstance(value, str) and not value.startswith("None") else None


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
