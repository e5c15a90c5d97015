"""The incident: everything of one auth config, toolkit, project or key is revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from connections.bulk.selecting import configs_of, holding
from connections.errors import IncidentNotConfirmed
from connections.models import BulkJob, ConnectedAccount
from connections.models.bulk import Extent, Kind
from integrations.catalog import UnknownToolkit
from integrations.counting import Count, count_rows
from integrations.models import AuthConfig, Project
from integrations.models.key_canary import KeyCanary
from integrations.secrets.keyring import key_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet

    from connections.bulk.starting import Asker


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What is to be revoked, as the asker sees it.

    Attributes:
        name: what has to be typed to confirm it.
        projects: whose accounts; None for all.
    """

    extent: Extent
    id: str
    name: str
    projects: tuple[str, ...] | None

    @property
    def accounts(self) -> QuerySet[ConnectedAccount]:
        """The accounts that hold credentials."""
        rows = holding(self.extent, self.id)
        return rows if self.projects is None else rows.filter(project__in=self.projects)

    @property
    def config_ids(self) -> list[str]:
        """The auth configs that people connect with, of these projects; none of a key."""
        rows = AuthConfig.objects.filter(pk__in=configs_of(self.extent, self.id))
        if self.projects is not None:
            rows = rows.filter(project__in=self.projects)
        return list(rows.order_by("pk").values_list("pk", flat=True))

    @property
    def reach(self) -> list[str] | None:
        """The projects that it is about; None for all that there are."""
        if self.extent is Extent.PROJECT:
            return [self.id]
        if self.extent is not Extent.AUTH_CONFIG and self.projects is None:
            return None
        rows = AuthConfig.objects.filter(pk__in=self.config_ids).order_by("project_id")
        return list(rows.values_list("project_id", flat=True).distinct())

    @property
    def open_config_ids(self) -> list[str]:
        """Those of them with which people can connect at the moment."""
        rows = AuthConfig.objects.filter(pk__in=self.config_ids, enabled=True)
        return list(rows.order_by("pk").values_list("pk", flat=True))

    @property
    def seals_now(self) -> bool:
        """Whether it is about the key that everything new is sealed with."""
        return self.extent is Extent.KEY and key_ids()[:1] == [self.id]

    def count(self) -> Count:
        """Return how many accounts there are, of many about how many."""
        return count_rows(self.accounts)


def find_incident(*, extent: str, extent_id: str, asker: Asker) -> Incident | None:
    """Return what ``asker`` may revoke everything of; None where there is no such thing for her.

    Of a toolkit she reaches her projects' accounts. A key seals every project's, so it is for
    those who see them all.
    """
    if extent not in {Extent.AUTH_CONFIG, Extent.TOOLKIT, Extent.PROJECT, Extent.KEY}:
        return None
    chosen = Extent(extent)
    name = _NAMES[chosen](extent_id, asker) if "\0" not in extent_id else None
    if not name:
        return None
    projects = None if asker.projects is None else tuple(asker.projects)
    return Incident(extent=chosen, id=extent_id, name=name, projects=projects)


def start_incident(
    *, incident: Incident, asker: Asker, typed: str, note: str, close: bool, job_id: str = ""
) -> BulkJob:
    """Start revoking, and close what lets people in, in one transaction.

    Args:
        typed: the name, as the asker typed it.
        close: disable the auth configs, until somebody enables them again.

    Raises:
        IncidentNotConfirmed: another name was typed, or no reason was given.
    """
    if typed.strip() != incident.name.strip() or not note:
        raise IncidentNotConfirmed
    reach = incident.reach
    with transaction.atomic():
        closed = _close(incident) if close else []
        job = BulkJob(
            kind=Kind.REVOKE,
            extent=incident.extent,
            extent_id=incident.id,
            extent_label=incident.name[:200],
            note=note,
            projects=reach or [],
            reach=reach,
            closed_configs=closed,
            # After the auth configs are closed: what began before that is older than the job.
            created_at=timezone.now(),
            **asker.columns,
        )
        if len(job.projects) == 1:
            job.project_id = job.projects[0]
        if job_id:
            job.pk = job_id
        job.save(force_insert=True)
    return job


def _close(incident: Incident) -> list[str]:
    """Disable the auth configs; return all of the incident's, those that were disabled too.

    Whoever stores a connection holds such a row until that is committed: so this waits for those
    under way, and whoever comes later finds the config disabled.
    """
    configs = AuthConfig.objects.select_for_update().filter(pk__in=incident.config_ids)
    found = list(configs.order_by("pk").values_list("pk", flat=True))
    AuthConfig.objects.filter(pk__in=found).update(enabled=False, updated_at=timezone.now())
    return found


def unable_to_confirm(incident: Incident) -> list[str]:
    """Return the names of the services among the incident's that have no way to revoke a token."""
    configs = _configs_with_accounts(incident).select_related("managed_app")
    return sorted(_without_revocation(configs))


def _configs_with_accounts(incident: Incident) -> QuerySet[AuthConfig]:
    """Return the auth configs of the incident; of a key those of the accounts that it sealed."""
    if incident.extent is not Extent.KEY:
        return AuthConfig.objects.filter(pk__in=incident.config_ids)
    # Asked for each config, so that an index finds the first of its accounts, and no more is read.
    sealed = incident.accounts.filter(auth_config=OuterRef("pk"))
    return AuthConfig.objects.filter(Exists(sealed))


def _without_revocation(configs: Iterable[AuthConfig]) -> set[str]:
    names = set()
    for config in configs:
        try:
            toolkit = config.catalog_entry
        except UnknownToolkit:
            names.add(config.toolkit)
            continue
        if toolkit.revocation_url is None and toolkit.revocation is None:
            names.add(toolkit.name)
    return names


def _config_name(extent_id: str, asker: Asker) -> str | None:
    rows = AuthConfig.objects.filter(pk=extent_id)
    return _visible(rows, asker).values_list("name", flat=True).first()


def _project_name(extent_id: str, asker: Asker) -> str | None:
    rows = Project.objects.filter(pk=extent_id)
    if asker.projects is not None:
        rows = rows.filter(pk__in=asker.projects)
    return rows.values_list("name", flat=True).first()


def _toolkit_name(extent_id: str, asker: Asker) -> str | None:
    rows = _visible(AuthConfig.objects.filter(toolkit=extent_id), asker)
    return extent_id if rows.exists() else None


def _key_name(extent_id: str, asker: Asker) -> str | None:
    known = extent_id in key_ids() or KeyCanary.objects.filter(pk=extent_id).exists()
    return extent_id if known and asker.projects is None else None


def _visible(rows: QuerySet[AuthConfig], asker: Asker) -> QuerySet[AuthConfig]:
    return rows if asker.projects is None else rows.filter(project__in=asker.projects)


_NAMES: dict[Extent, Callable[[str, Asker], str | None]] = {
    Extent.AUTH_CONFIG: _config_name,
    Extent.TOOLKIT: _toolkit_name,
    Extent.PROJECT: _project_name,
    Extent.KEY: _key_name,
}
