"""Stops the calls of a client that its provider refuses, and tells whoever can correct it, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from connections.refresh.retry import blocked_for
from integrations.models import AuthConfig, ManagedApp
from integrations.models.managed_app import OWN_FAULTS
from integrations.models.oauth_clients import is_former
from webhooks.models import EventType
from webhooks.recording import record_event

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import ConnectedAccount

log = structlog.get_logger(__name__)


def alarm(*, account: ConnectedAccount, error: str, now: datetime) -> bool:
    """Take note that the provider refused the client of ``account``, in the caller's transaction.

    A managed app's calls stop for all projects, because each of them would get the same answer.
    Not where the account may be the reason: it is asked about at an address that it brought
    itself, a tenant's or a shop's. A client of before stops nothing: whoever was granted to
    another one would wait for what no edit of the config corrects.

    Args:
        error: the provider's code.

    Returns:
        Whether calls have stopped; otherwise it is the account's own affair.
    """
    config = account.auth_config
    app = config.managed_app
    if is_former(config, account.oauth_client_id):
        _tell_of_former(account, error)
        return False
    if app is None or error in OWN_FAULTS:
        _block_one(config, error, now)
    elif account.parameters:
        # For the operator to see; the next success of anybody takes it back.
        app.mark_misconfigured(error=error, pause=timedelta(0), now=now)
        _block_one(config, error, now)
    else:
        _block_all(app, error, now)
    return True


def _tell_of_former(account: ConnectedAccount, error: str) -> None:
    # Once for each row of failures: the app hears of it after some more (`refresh_failing`).
    if account.refresh_failures == 0:
        log.warning(
            "former_client_refused",
            auth_config_id=account.auth_config_id,
            connected_account_id=account.pk,
            toolkit=account.toolkit,
            error=error,
        )


def _block_one(config: AuthConfig, error: str, now: datetime) -> None:
    pause = timedelta(seconds=blocked_for(failures=config.configuration_failures + 1))
    if config.mark_misconfigured(error=error, pause=pause, now=now):
        _tell(config, error, now)


def _block_all(app: ManagedApp, error: str, now: datetime) -> None:
    pause = timedelta(seconds=blocked_for(failures=app.configuration_failures + 1))
    # Its row stays locked, so that of many refusals at once one tells the projects.
    if app.mark_misconfigured(error=error, pause=pause, now=now):
        log.error("managed_app_refused", managed_app_id=app.pk, toolkit=app.toolkit, error=error)
    _tell_projects(app, error, now)


def _tell_projects(app: ManagedApp, error: str, now: datetime) -> None:
    """Mark the auth configs that stand on the app: those that are not called would never hear."""
    untold = app.auth_configs.filter(misconfigured_since__isnull=True).select_related("project")
    configs: list[AuthConfig] = list(untold.select_for_update(of=("self",)).order_by("pk"))
    rows = AuthConfig.objects.filter(pk__in=[config.pk for config in configs])
    rows.update(misconfigured_since=now, misconfigured_error=error)
    for config in configs:
        _tell(config, error, now)


def _tell(config: AuthConfig, error: str, now: datetime) -> None:
    data = {
        "auth_config_id": config.pk,
        "project_id": config.project_id,
        "toolkit": config.toolkit,
        "error_code": error,
        "occurred_at": now.isoformat(),
    }
    record_event(
        project=config.project,
        type=EventType.MISCONFIGURED,
        subject_id=config.pk,
        data=data,
        now=now,
    )
