"""The demo client, which Evergrant is at this provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.idp.oidc.models import Client
from django.db import transaction

from integrations.sandbox.redirect_uris import check_redirect_uri
from integrations.sandbox.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterable

CLIENT_ID = "evergrant-sandbox"
CLIENT_NAME = "Evergrant demo"


@transaction.atomic
def ensure_demo_client(*, secret: str, redirect_uris: Iterable[str]) -> Client:
    """Create or update the demo client; ``redirect_uris`` are added to those it has.

    Raises:
        BadRedirectUriError: one of them is not usable.
    """
    Client.objects.get_or_create(pk=CLIENT_ID)
    client = Client.objects.select_for_update().get(pk=CLIENT_ID)
    client.name = CLIENT_NAME
    client.set_scopes(list(SCOPES))
    client.set_default_scopes(["openid", "profile", "email"])
    client.set_grant_types([Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN])
    if not client.check_secret(secret):
        client.set_secret(secret)
    _add(client, redirect_uris)
    client.save()
    return client


@transaction.atomic
def add_redirect_uri(*, client_id: str, uri: str) -> list[str]:
    """Let ``client_id`` be called back at ``uri``. Return all its redirect URIs.

    Raises:
        Client.DoesNotExist: there is no such client.
        BadRedirectUriError: the URI is not usable.
    """
    client = Client.objects.select_for_update().get(pk=client_id)
    _add(client, [uri])
    client.save(update_fields=["redirect_uris"])
    uris: list[str] = client.get_redirect_uris()
    return uris


def _add(client: Client, uris: Iterable[str]) -> None:
    known = client.get_redirect_uris()
    for uri in uris:
        check_redirect_uri(uri)
        if uri not in known:
            known.append(uri)
    client.set_redirect_uris(known)
