"""Creates and checks auth configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from integrations import outbound
from integrations.errors import InvalidInput
from integrations.models import AuthConfig
from integrations.models.auth_config import is_client_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.models import Project
    from integrations.secrets import Secret


def create_auth_config(
    *,
    project: Project,
    name: str,
    toolkit: str,
    client_id: str,
    client_secret: Secret | None = None,
    scopes: list[str] | None = None,
    parameters: Mapping[str, str] | None = None,
    authorization_parameters: Mapping[str, str] | None = None,
    token_parameters: Mapping[str, str] | None = None,
    testing_mode: bool = False,
) -> AuthConfig:
    """Create an auth config of ``project`` for the catalog's ``toolkit``.

    Raises:
        InvalidInput: the toolkit is unknown, a parameter is missing, or a URL may not be called;
            ``details`` say which field.
    """
    if client_secret is not None and not is_client_text(client_secret.reveal()):
        problem = {"field": "client_secret", "problem": "A client secret is printable ASCII."}
        raise InvalidInput(fields=[problem])
    auth_config = AuthConfig(
        project=project,
        name=name,
        toolkit=toolkit,
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes or [],
        parameters=dict(parameters or {}),
        authorization_parameters=dict(authorization_parameters or {}),
        token_parameters=dict(token_parameters or {}),
        testing_mode=testing_mode,
    )
    try:
        auth_config.full_clean()
        check_addresses(auth_config.catalog_entry)
    except ValidationError as error:
        raise InvalidInput(fields=_described(error)) from None
    auth_config.save(force_insert=True)
    return auth_config


def check_addresses(toolkit: Toolkit) -> None:
    """Refuse a toolkit, parameters filled in, whose servers Evergrant may not call.

    Raises:
        ValidationError: names the parameters' field, because that is where URLs come from.
    """
    urls = [toolkit.token_url, toolkit.revocation_url]
    urls.append(toolkit.identity.url if toolkit.identity else None)
    for url in urls:
        if url is None:
            continue
        try:
            outbound.vet_url(url)
        except outbound.OutboundError as error:
            message = f"Evergrant may not call this service there: {error}"
            raise ValidationError({"parameters": message}) from None


def _described(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": field, "problem": " ".join(messages)}
        for field, messages in error.message_dict.items()
    ]
