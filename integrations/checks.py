"""System checks: with a missing or weak key, or the wrong one, the service refuses to start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from integrations import outbound
from integrations.catalog.faults import inspect_files
from integrations.catalog.loader import slugs
from integrations.tools.catalog import toolkits_with_tools

if TYPE_CHECKING:
    from collections.abc import Iterable

_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")  # 32 bytes in URL-safe base64
WEAK_SECRET_KEY_LENGTH = 50
LONGEST_LINK_SECONDS = 24 * 3600


@register(Tags.security)
def check_secret_key(**kwargs: Any) -> list[CheckMessage]:
    """E001: SECRET_KEY is given and strong."""
    key = settings.SECRET_KEY_GIVEN
    if len(key) >= WEAK_SECRET_KEY_LENGTH and len(set(key)) >= 10:
        return []
    what = "too weak" if key else "missing"
    hint = "python -c 'import secrets; print(secrets.token_urlsafe(50))' makes one."
    return [Error(f"SECRET_KEY is {what}.", hint=hint, id="integrations.E001")]


@register(Tags.security)
def check_encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """E002: there is a key to seal with. E003: every key is a Fernet key, and none is twice."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    hint = (
        "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        " makes one. Keep it as safe as the database: without it no grant can be read."
    )
    if not keys:
        return [Error("FIELD_ENCRYPTION_KEYS is missing.", hint=hint, id="integrations.E002")]
    different = {key.strip() for key in keys}
    if len(different) == len(keys) and all(_is_fernet_key(key) for key in different):
        return []
    message = "FIELD_ENCRYPTION_KEYS holds something that is not a Fernet key, or a key twice."
    return [Error(message, hint=hint, id="integrations.E003")]


def _is_fernet_key(key: str) -> bool:
    # Fernet itself passes over characters that do not belong there; a key must have one spelling.
    return bool(_FERNET_KEY.fullmatch(key))


@register(Tags.security)
def check_canaries(**kwargs: Any) -> list[CheckMessage]:
    """E004: the configured keys are those that sealed this database."""
    if check_encryption_keys():
        return []
    from integrations.secrets.canary import find_key_trouble  # noqa: PLC0415 - needs loaded models

    try:
        trouble = find_key_trouble()
    except DatabaseError:
        # No database or no tables yet: there is nothing to compare with, and whatever needs the
        # database says so itself.
        return []
    return [
        Error(f"{found.explanation} (key {found.key_id})", hint=found.hint, id="integrations.E004")
        for found in trouble
    ]


@register()
def check_base_url(**kwargs: Any) -> list[CheckMessage]:
    """E005: BASE_URL is an origin that links and callback URLs can start with."""
    url = settings.BASE_URL
    secure = url.startswith("https://") or (
        url.startswith("http://") and (settings.DEBUG or settings.OUTBOUND_ALLOW_LOOPBACK)
    )
    if secure and url.count("/") == 2:
        return []
    hint = "For example BASE_URL=https://grants.example.com; http is for development only."
    return [Error("BASE_URL is missing or not an https origin.", hint=hint, id="integrations.E005")]


@register()
def check_lease(**kwargs: Any) -> list[CheckMessage]:
    """E006: a lease outlasts the longest token call, so that nobody refreshes a second time."""
    needed = outbound.LIMITS[outbound.Role.TOKEN].deadline + outbound.LEASE_MARGIN_SECONDS
    if needed <= settings.REFRESH_LEASE_SECONDS:
        return []
    hint = f"Set it to at least {needed:.0f} seconds."
    message = "REFRESH_LEASE_SECONDS is not longer than a token call may last."
    return [Error(message, hint=hint, id="integrations.E006")]


@register()
def check_link_lifetimes(**kwargs: Any) -> list[CheckMessage]:
    """E007: links live at least a minute and at most a day."""
    names: Iterable[str] = ("CONNECT_LINK_SECONDS", "REAUTH_LINK_SECONDS")
    return [
        Error(
            f"{name} must be between 60 and {LONGEST_LINK_SECONDS} seconds.",
            hint="Short links are safer; the default is ten minutes for links, a day in events.",
            id="integrations.E007",
        )
        for name in names
        if not 60 <= getattr(settings, name) <= LONGEST_LINK_SECONDS
    ]


@register()
def check_toolkits(**kwargs: Any) -> list[CheckMessage]:
    """E008: every file of the catalog describes a toolkit."""
    hint = (
        "`manage.py toolkits check` checks again; docs/reference/toolkit-files.md has the fields."
    )
    return [
        Error(str(fault), hint=hint, id="integrations.E008") for fault in inspect_files().faults
    ]


@register()
def check_tool_files(**kwargs: Any) -> list[CheckMessage]:
    """E009: every file of tools is named for a toolkit. What is in them is read when it is used."""
    hint = "Rename it. `manage.py tools check` reads the files as well."
    return [
        Error(
            f"catalog/tools/{name}.yaml is named for no toolkit.", hint=hint, id="integrations.E009"
        )
        for name in sorted(toolkits_with_tools() - slugs())
    ]
