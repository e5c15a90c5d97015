"""Whether a redirect comes from the service, where the service signs what it sends people with."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from integrations.models.oauth_clients import app_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.catalog import RedirectSignature
    from integrations.models import AuthConfig


def is_genuine(
    auth_config: AuthConfig, redirect: Mapping[str, str], *, parameters: Mapping[str, str]
) -> bool:
    """Whether ``redirect`` is signed as the toolkit says; true where it signs nothing.

    Args:
        redirect: the query with which the person came back.
        parameters: the account's own, as the person gave them.
    """
    expected = auth_config.catalog_entry.with_connection(parameters).redirect_signature
    if expected is None:
        return True
    if any(redirect.get(name) != text for name, text in expected.matches.items()):
        return False
    given = redirect.get(expected.parameter, "").encode()
    message = _signed_text(expected, redirect)
    # A secret may have been replaced while the person was away.
    return any(hmac.compare_digest(_sign(secret, message), given) for secret in _keys(auth_config))


def _keys(auth_config: AuthConfig) -> Iterator[str]:
    """Yield the client's secrets, the newest first."""
    app = app_of(auth_config, "")
    if app.secret is not None:
        yield app.secret.reveal()
    if app.older_secrets is not None:
        yield from json.loads(app.older_secrets.reveal())


def _signed_text(expected: RedirectSignature, redirect: Mapping[str, str]) -> str:
    """Return what was signed. A value cannot pass for a further parameter: its ``&`` is spelled."""
    pairs = (
        f"{_spelled(name).replace('=', '%3D')}={_spelled(value)}"
        for name, value in redirect.items()
        if name != expected.parameter
    )
    return "&".join(sorted(pairs))


def _spelled(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")


def _sign(secret: str, message: str) -> bytes:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest().encode()
