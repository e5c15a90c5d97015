"""Who stands on which grant upstream: at many providers revoking one token ends them all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import Q

from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import BulkItem, BulkJob, ConnectedAccount, Status
from connections.models.bulk import OPEN_STATES, JobState
from integrations.catalog import is_same_place
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from connections.models import Revocation

# For so long a job that was stopped or cancelled may be resumed before its grants are judged.
RESUMED_WITHIN: Final = timedelta(days=1)


def shared_with_another(account: ConnectedAccount, identity_id: str) -> bool:
    """Whether another account of the same client holds a grant of that identity.

    Under a managed app that may be another project's. Until the end of the caller's transaction no
    other caller gets an answer for the identity, so that of two accounts deleted at once the second
    one finds itself the last.
    """
    return bool(identity_id) and _others(account, identity_id).exists()


def held_in_another_project(account: ConnectedAccount, identity_id: str) -> bool:
    """Whether another project's account, under the same managed app, holds a grant of the identity.

    Whatever is done to ``account``: what it would end upstream is not its project's alone. Locks as
    `shared_with_another`.
    """
    if not identity_id or account.auth_config.managed_app_id is None:
        return False
    others = _others(account, identity_id)
    return others.exclude(project_id=account.project_id).exists()


def has_twin(account: ConnectedAccount, *, identity_id: str, parameters: Mapping[str, str]) -> bool:
    """Whether the same entity has another active account of the same identity and place.

    By the same auth config: one that asks for other scopes is another purpose. Locks as
    `shared_with_another`, so that of two that are connected at once the second one finds the first.
    Raises LookupError where the catalog has lost the toolkit.
    """
    others = _others(account, identity_id).filter(
        auth_config_id=account.auth_config_id, entity_id=account.entity_id, status=Status.ACTIVE
    )
    known = account.auth_config.catalog_entry.connection_parameters
    held = others.values_list("parameters", flat=True)
    return any(is_same_place(known, each, parameters) for each in held)


def is_elsewhere(account: ConnectedAccount, parameters: Mapping[str, str]) -> bool:
    """Whether a grant with these ``parameters`` is of another company, site or shop than before.

    Of an account that never held a grant nothing was before. Raises LookupError where the catalog
    has lost its toolkit.
    """
    known = account.auth_config.catalog_entry.connection_parameters
    held_before = account.grant_generation > 0
    return held_before and not is_same_place(known, account.parameters, parameters)


def is_superseded(revocation: Revocation) -> bool:
    """Whether the grant upstream has to live by now.

    The account was reconnected since as the same person in the same place, or that person has
    connected in another project, by the same managed app.
    """
    account = revocation.account
    if account.status in HOLDS_CREDENTIALS and _is_of_its_grant(revocation):
        return True
    return held_in_another_project(account, revocation.identity_id)


def _is_of_its_grant(revocation: Revocation) -> bool:
    """Whether its tokens are, for all that is known, of the grant that the account holds."""
    account = revocation.account
    if account.identity_id != revocation.identity_id:
        return False
    toolkit = account.known_toolkit
    if toolkit is None or revocation.parameters is None:
        return True
    # A grant spans all that a call with its token tells of: it may be one, be the site another.
    told = {
        name: parameter
        for name, parameter in toolkit.connection_parameters.items()
        if parameter.source != "call"
    }
    return is_same_place(told, account.parameters, revocation.parameters)


def is_of_job_under_way(revocation: Revocation, *, now: datetime) -> bool:
    """Whether the job that asked for it is still at work, or has halted and may go on.

    Before it is through nobody knows who will still stand on the grant: it may be an account that
    the job has yet to come to.
    """
    items = BulkItem.objects.filter(account=revocation.account_id, revocation=revocation.pk)
    jobs = BulkJob.objects.filter(
        Q(pk=revocation.incident_id) | Q(pk__in=items.values("job")),
        Q(state__in=OPEN_STATES)
        | Q(
            state__in=[JobState.STOPPED, JobState.CANCELLED],
            ended_at__gt=now - RESUMED_WITHIN,
        ),
    )
    return jobs.exists()


def _others(account: ConnectedAccount, identity_id: str) -> QuerySet[ConnectedAccount]:
    config = account.auth_config
    _lock_identity(f"{config.client_holder_id} {identity_id}")
    config_ids = [config.pk]
    if config.managed_app_id is not None:
        # As values, so that the index of identities is asked once for each.
        of_the_app = AuthConfig.objects.filter(managed_app_id=config.managed_app_id)
        config_ids = list(of_the_app.values_list("pk", flat=True))
    held = ConnectedAccount.objects.filter(
        auth_config_id__in=config_ids, identity_id=identity_id, status__in=HOLDS_CREDENTIALS
    )
    return held.exclude(pk=account.pk)


def _lock_identity(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
