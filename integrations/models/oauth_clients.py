"""The clients that an auth config or a managed app has: the present one, and those before it.

An account keeps the client it was granted under until it is reconnected: a refresh token works
for its own client only, and where that one is registered. And a client may have several secrets
for a while, so that one can be replaced at the provider without a refresh that fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from integrations.catalog import Toolkit
from integrations.secrets import Secret, if_it_opens

if TYPE_CHECKING:
    from integrations.models.auth_config import AuthConfig
    from integrations.models.managed_app import ManagedApp

MOST_SECRETS: Final = 3
MOST_FORMER: Final = 10


@dataclass(frozen=True, kw_only=True)
class OAuthApp:
    """One client.

    Attributes:
        older_secrets: tried where ``secret`` is refused: a JSON list of texts.
        auth: how a client of before proves itself: a text; empty: as the toolkit says now.
    """

    client_id: str
    secret: Secret | None
    older_secrets: Secret | None = None
    auth: Secret | None = None


def app_of(auth_config: AuthConfig, client_id: str) -> OAuthApp:
    """Return the client of that id, or the present one where there is no such any more.

    Those of the managed app that the config stands on, where it does. Opens no secret yet.
    """
    holder = auth_config.client_holder
    former: Secret | None = holder.former_clients
    if client_id in {"", holder.client_id} or former is None:
        return OAuthApp(
            client_id=holder.client_id,
            secret=holder.client_secret,
            older_secrets=holder.older_client_secrets,
        )
    return OAuthApp(
        client_id=client_id,
        secret=Secret.sealed(lambda: next(iter(_secrets_of(former, client_id)), "")),
        older_secrets=Secret.sealed(lambda: json.dumps(_secrets_of(former, client_id)[1:])),
        auth=Secret.sealed(lambda: _kept(former, client_id)["auth"]),
    )


def parameters_of(auth_config: AuthConfig, client_id: str) -> dict[str, str]:
    """Return the values for the toolkit's URLs that the client of that id has, or had.

    The present ones where it is not known what they were.
    """
    holder = auth_config.client_holder
    present: dict[str, str] = holder.parameters
    if client_id in {"", holder.client_id}:
        return present
    # One that the toolkit has come to ask for since is the present one.
    return {**present, **holder.former_parameters.get(client_id, {})}


def is_former(auth_config: AuthConfig, client_id: str) -> bool:
    """Whether calls under that client id are made with a client of before, not the present one."""
    present: str = auth_config.client_holder.client_id
    return app_of(auth_config, client_id).client_id != present


def can_be_sent(secret: Secret) -> bool:
    """Whether ``secret`` is printable ASCII (RFC 6749, A.2). A private key has lines."""
    text = secret.reveal()
    lines = text.splitlines() if text.startswith("-----BEGIN ") else [text]
    return all(line.isascii() and line.isprintable() for line in lines)


def replace_client(
    holder: AuthConfig | ManagedApp, *, client_id: str, secret: Secret | None
) -> None:
    """Give ``holder`` another client id, or another secret; what it had is kept. The caller saves.

    What does not open any more is not kept: it helps nobody, and a new one must be able to follow.

    Args:
        secret: None keeps the present one, where the client id stays too.
    """
    known = _known(holder)
    if client_id != holder.client_id:
        if holder.client_id:
            _keep_former(holder, known)
        holder.client_id, holder.client_secret = client_id, secret
        holder.older_client_secrets = None
    elif secret is not None:
        older = [text for text in known if text != secret.reveal()][: MOST_SECRETS - 1]
        holder.client_secret = secret
        holder.older_client_secrets = Secret(json.dumps(older)) if older else None


def _known(holder: AuthConfig | ManagedApp) -> list[str]:
    """Return the present client's secrets that open, the first one first."""
    present = if_it_opens(holder.client_secret)
    older = if_it_opens(holder.older_client_secrets)
    return [
        *([present.reveal()] if present is not None else []),
        *(json.loads(older.reveal()) if older is not None else []),
    ]


def _keep_former(holder: AuthConfig | ManagedApp, secrets: list[str]) -> None:
    former = if_it_opens(holder.former_clients)
    clients: dict[str, Any] = json.loads(former.reveal()) if former is not None else {}
    clients.pop(holder.client_id, None)
    entry = {"secrets": secrets, "auth": _auth_of(holder)}
    kept = dict([*clients.items(), (holder.client_id, entry)][-MOST_FORMER:])
    holder.former_clients = Secret(json.dumps(kept))
    parameters = {**holder.former_parameters, holder.client_id: holder.parameters}
    holder.former_parameters = {name: parameters[name] for name in kept if name in parameters}


def _auth_of(holder: AuthConfig | ManagedApp) -> str:
    """Return how the present client proves itself; empty where no other client changes that."""
    service: dict[str, Any] | None = getattr(holder, "service", None)
    if not service:
        return ""
    auth: str = service.get("client_auth") or Toolkit.model_fields["client_auth"].default
    return auth


def _secrets_of(former: Secret, client_id: str) -> list[str]:
    secrets: list[str] = _kept(former, client_id)["secrets"]
    return secrets


def _kept(former: Secret, client_id: str) -> dict[str, Any]:
    """Return the secrets and the ``auth`` of a client of before."""
    kept = json.loads(former.reveal()).get(client_id, [])
    # A mere list of secrets is how an earlier version kept a client.
    return {"secrets": kept, "auth": ""} if isinstance(kept, list) else kept
