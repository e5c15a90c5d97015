"""Changes of a row that holds a client: each writes what it names, and nothing else.

What an operator wants is checked first, which may ask the network. Meanwhile another operator gives
a new secret, or a worker registers a new client: that must not be written over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import transaction

from integrations.errors import NotFound
from integrations.models.oauth_clients import replace_client
from integrations.models.refusals import NO_REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from integrations.models import AuthConfig, ManagedApp
    from integrations.secrets import Secret

Row = TypeVar("Row", bound="AuthConfig | ManagedApp")

_CLIENT: Final = frozenset(
    {
        "client_id",
        "client_secret",
        "former_clients",
        "former_parameters",
        "older_client_secrets",
    }
)


def change_row(row: Row, change: Callable[[Row], Iterable[str]]) -> None:
    """Change ``row`` as it is stored by now; afterwards ``row`` has what is stored.

    Args:
        change: changes the row that it is given, and returns which columns to write.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    with transaction.atomic():
        rows: Any = type(row)._default_manager.select_for_update(of=("self",), no_key=True)  # noqa: SLF001 - documented
        locked: Row | None = rows.filter(pk=row.pk).first()
        if locked is None:
            raise NotFound
        locked.save(update_fields=[*change(locked), "updated_at"])
    row.refresh_from_db()


def take_columns(
    row: AuthConfig | ManagedApp,
    columns: Mapping[str, Any],
    *,
    client_secret: Secret | None = None,
    client_fields: frozenset[str],
) -> set[str]:
    """Put ``columns`` and the secret on ``row``; return which columns may differ by now.

    Args:
        columns: a ``client_id`` among them is another client, where it differs.
        client_fields: what the provider judges the client by; a change of one starts a new trial.
    """
    names = set(columns)
    client_id = columns.get("client_id", row.client_id)
    if client_id != row.client_id or client_secret is not None:
        replace_client(row, client_id=client_id, secret=client_secret)
        names |= _CLIENT
    for name, value in columns.items():
        setattr(row, name, value)
    if client_fields & names:
        row.forget_refusals()
        names |= NO_REFUSALS.keys()
    return names
