"""Creates, changes, checks and deletes auth configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from integrations import outbound
from integrations.catalog import UnknownToolkit, get_toolkit, placeholders_in
from integrations.errors import InvalidInput, StillInUse
from integrations.models import AuthConfig
from integrations.models.auth_config import is_client_text
from integrations.models.oauth_clients import replace_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.models import Project
    from integrations.secrets import Secret

# What the provider judges a client by: a change of one starts a new trial.
CLIENT_FIELDS = frozenset(
    {"client_id", "client_secret", "parameters", "token_parameters", "scopes"}
)


def create_auth_config(
    *,
    project: Project,
    name: str,
    toolkit: str,
    scheme: str = "",
    client_id: str = "",
    client_secret: Secret | None = None,
    scopes: list[str] | None = None,
    optional_scopes: list[str] | None = None,
    parameters: Mapping[str, str] | None = None,
    authorization_parameters: Mapping[str, str] | None = None,
    token_parameters: Mapping[str, str] | None = None,
    testing_mode: bool = False,
) -> AuthConfig:
    """Create an auth config of ``project`` for the catalog's ``toolkit``.

    Args:
        scheme: one of those that the toolkit offers; empty: its first one.
        client_id, client_secret: of the app that the project registered there; for OAuth only.

    Raises:
        InvalidInput: the toolkit is unknown, a parameter is missing, or a URL may not be called;
            ``details`` say which field.
    """
    auth_config = AuthConfig(
        project=project,
        name=name,
        toolkit=toolkit,
        scheme=scheme or _first_scheme(toolkit),
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes or [],
        optional_scopes=optional_scopes or [],
        parameters=dict(parameters or {}),
        authorization_parameters=dict(authorization_parameters or {}),
        token_parameters=dict(token_parameters or {}),
        testing_mode=testing_mode,
    )
    _check(auth_config, client_secret)
    auth_config.save(force_insert=True)
    return auth_config


def update_auth_config(
    *, auth_config: AuthConfig, client_secret: Secret | None = None, **changes: Any
) -> AuthConfig:
    """Change some fields. Accounts live on: with the client, or the secret, that they have.

    Args:
        client_secret: becomes the first one; the one before is tried where it is refused.
        changes: fields as of `create_auth_config`, other than project, toolkit and scheme.

    Raises:
        InvalidInput: as `create_auth_config`; nothing is changed.
    """
    client_id = changes.pop("client_id", auth_config.client_id)
    for name, value in changes.items():
        setattr(auth_config, name, value)
    if client_id != auth_config.client_id or client_secret is not None:
        replace_client(auth_config, client_id=client_id, secret=client_secret)
        changes["client_id"] = client_id
    _check(auth_config, client_secret)
    if CLIENT_FIELDS & changes.keys():
        auth_config.forget_refusals()
    auth_config.save()
    return auth_config


def forget_older_secrets(*, auth_config: AuthConfig) -> None:
    """Drop the client's secrets but the first, once they are deleted at the provider."""
    auth_config.older_client_secrets = None
    auth_config.save(update_fields=["older_client_secrets", "updated_at"])


def switch_auth_config(*, auth_config: AuthConfig, enabled: bool) -> None:
    """Let people connect with the config, or not. Accounts that are connected live on."""
    auth_config.enabled = enabled
    auth_config.save(update_fields=["enabled", "updated_at"])


def delete_auth_config(*, auth_config: AuthConfig) -> None:
    """Delete a config that no account stands on.

    Raises:
        StillInUse: accounts do, be they deleted ones, whose history is kept.
    """
    try:
        auth_config.delete()
    except ProtectedError:
        raise StillInUse(auth_config_id=auth_config.pk) from None


def check_addresses(toolkit: Toolkit) -> None:
    """Refuse a toolkit, parameters filled in, whose servers Evergrant may not call.

    Those that are the catalog's own are not asked about; what an account brings is checked when it
    is connected.

    Raises:
        ValidationError: names the parameters' field, because that is where URLs come from.
    """
    own = set(get_toolkit(toolkit.slug).addresses())
    for url in set(toolkit.addresses()) - own:
        if placeholders_in(url):
            continue
        try:
            outbound.vet_url(url)
        except outbound.OutboundError as error:
            message = f"Evergrant may not call this service there: {error}"
            raise ValidationError({"parameters": message}) from None


def _first_scheme(toolkit: str) -> str:
    try:
        return get_toolkit(toolkit).schemes[0]
    except UnknownToolkit as error:
        raise InvalidInput(fields=[{"field": "toolkit", "problem": str(error)}]) from None


def _check(auth_config: AuthConfig, client_secret: Secret | None) -> None:
    if client_secret is not None and not _can_be_sent(auth_config, client_secret):
        problem = {"field": "client_secret", "problem": "A client secret is printable ASCII."}
        raise InvalidInput(fields=[problem])
    try:
        auth_config.full_clean()
        check_addresses(auth_config.catalog_entry)
    except ValidationError as error:
        raise InvalidInput(fields=_described(error)) from None


def _can_be_sent(auth_config: AuthConfig, secret: Secret) -> bool:
    text = secret.reveal()
    # A private key (private_key_jwt) has lines.
    lines = text.splitlines() if text.startswith("-----BEGIN ") else [text]
    return all(is_client_text(line) for line in lines)


def _described(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": field, "problem": " ".join(messages)}
        for field, messages in error.message_dict.items()
    ]
