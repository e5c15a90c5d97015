"""Managed apps: the instance's own OAuth apps, added, changed and switched by its operators."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from integrations.auth_configs import check_addresses
from integrations.catalog import UnknownToolkit, get_toolkit
from integrations.errors import InvalidInput, NoManagedApp, SeveralManagedApps, StillInUse
from integrations.models import ManagedApp
from integrations.models.oauth_clients import can_be_sent
from integrations.row_changes import change_row, take_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit
    from integrations.secrets import Secret

# What the provider judges a client by: a change of one starts a new trial.
CLIENT_FIELDS = frozenset({"client_id", "client_secret", "parameters", "token_parameters"})


def add_managed_app(
    *,
    toolkit: str,
    client_id: str,
    client_secret: Secret | None = None,
    name: str = "",
    scopes: list[str] | None = None,
    parameters: Mapping[str, str] | None = None,
    testing_mode: bool = False,
) -> ManagedApp:
    """Add an app that the operator registered at the catalog's ``toolkit``.

    Args:
        name: empty: the toolkit's.
        scopes: those that the service approved it for; none: any.

    Raises:
        InvalidInput: the toolkit is unknown or takes no OAuth app, a value is missing, or a URL may
            not be called; ``details`` say which field.
    """
    app = ManagedApp(
        toolkit=toolkit,
        name=name or _name_of(toolkit),
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes or [],
        parameters=dict(parameters or {}),
        testing_mode=testing_mode,
    )
    _check(app, client_secret)
    app.save(force_insert=True)
    return app


def rotate_managed_app(
    *, app: ManagedApp, client_id: str = "", client_secret: Secret | None = None
) -> ManagedApp:
    """Give the app another secret, or another client. The accounts of all projects live on.

    Args:
        client_id: empty keeps the present one.
        client_secret: becomes the first one; the one before is tried where it is refused.

    Raises:
        InvalidInput: it cannot be right, or another client comes without its secret; nothing is
            changed.
    """
    other = bool(client_id) and client_id != app.client_id
    present: Secret | None = app.client_secret
    if other and client_secret is None and present is not None:
        raise _invalid("client_secret", "Another client has a secret of its own: give it.")
    changes = {"client_id": client_id} if client_id else {}
    checked = copy.copy(app)
    take_columns(checked, changes, client_secret=client_secret, client_fields=CLIENT_FIELDS)
    _check(checked, client_secret)
    store_managed_app(app=app, client_secret=client_secret, changes=changes)
    return app


@transaction.atomic
def store_managed_app(
    *, app: ManagedApp, client_secret: Secret | None, changes: Mapping[str, Any]
) -> None:
    """Change fields that were checked. Where the provider judges by one, calls are made at once.

    Raises:
        InvalidInput: they do not fit what somebody else changed meanwhile; nothing is changed.
    """
    names: set[str] = set()

    def change(row: ManagedApp) -> set[str]:
        names.update(
            take_columns(row, changes, client_secret=client_secret, client_fields=CLIENT_FIELDS)
        )
        _check_fields(row)
        return names

    change_row(app, change)
    if CLIENT_FIELDS & names:
        app.clear_auth_configs()


def forget_managed_secrets(*, app: ManagedApp) -> None:
    """Drop the client's secrets but the first, once they are deleted at the provider."""
    app.older_client_secrets = None
    app.save(update_fields=["older_client_secrets", "updated_at"])


def switch_managed_app(*, app: ManagedApp, enabled: bool) -> None:
    """Let people connect with the app, or nobody. Accounts that are connected live on."""
    app.enabled = enabled
    app.save(update_fields=["enabled", "updated_at"])


def delete_managed_app(*, app: ManagedApp) -> None:
    """Delete an app that no auth config stands on.

    Raises:
        StillInUse: some do.
    """
    # Asked first: Django reads every row that protects another one.
    if app.auth_configs.exists():
        raise _still_in_use(app)
    try:
        app.delete()
    except ProtectedError:
        raise _still_in_use(app) from None


def choose_managed_app(*, toolkit: str, app_id: str = "") -> ManagedApp:
    """Return the enabled app that a new auth config for ``toolkit`` is to stand on.

    Args:
        app_id: which one; empty: the only one there is.

    Raises:
        InvalidInput: the toolkit is unknown.
        NoManagedApp: there is none, or none of that id that is enabled.
        SeveralManagedApps: there are several and none was named; ``details`` list them.
    """
    try:
        get_toolkit(toolkit)
    except UnknownToolkit as error:
        raise _invalid("toolkit", str(error)) from None
    apps = ManagedApp.objects.offered().filter(toolkit=toolkit).order_by("pk")
    found = list(apps.filter(pk=app_id) if app_id else apps)
    if not found:
        raise NoManagedApp(toolkit=toolkit)
    if len(found) > 1:
        listed = [{"id": app.pk, "name": app.name, "scopes": app.scopes} for app in found]
        raise SeveralManagedApps(managed_apps=listed)
    return found[0]


def managed_toolkits() -> frozenset[str]:
    """Return the slugs of the toolkits that an enabled managed app is there for."""
    return frozenset(ManagedApp.objects.offered().values_list("toolkit", flat=True).distinct())


def _check(app: ManagedApp, client_secret: Secret | None) -> None:
    if client_secret is not None and not can_be_sent(client_secret):
        raise _invalid("client_secret", "A client secret is printable ASCII.")
    try:
        kit = get_toolkit(app.toolkit)
    except UnknownToolkit as error:
        raise _invalid("toolkit", str(error)) from None
    present: Secret | None = app.client_secret
    if present is None and kit.client_auth != "none":
        raise _invalid("client_secret", f"{kit.name} takes no client without a secret.")
    _check_fields(app)
    try:
        check_addresses(toolkit_of(app))
    except ValidationError as error:
        raise _refused(error) from None


def _check_fields(app: ManagedApp) -> None:
    try:
        app.full_clean()
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> InvalidInput:
    fields = [
        {"field": field, "problem": " ".join(problems)}
        for field, problems in error.message_dict.items()
    ]
    return InvalidInput(fields=fields)


def toolkit_of(app: ManagedApp) -> Toolkit:
    """Return the app's toolkit, its parameters filled in. Raises UnknownToolkit."""
    return get_toolkit(app.toolkit).for_scheme(app.scheme).with_parameters(app.parameters)


def _name_of(toolkit: str) -> str:
    try:
        return get_toolkit(toolkit).name
    except UnknownToolkit:
        return toolkit


def _still_in_use(app: ManagedApp) -> StillInUse:
    message = "Auth configs stand on this managed app. Disable it instead."
    return StillInUse(message, managed_app_id=app.pk)


def _invalid(field: str, problem: str) -> InvalidInput:
    fields: list[dict[str, Any]] = [{"field": field, "problem": problem}]
    return InvalidInput(fields=fields)
