"""``manage.py incident``: revoke everything of something, from the host's command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from connections.bulk.ending import write_entries
from connections.bulk.incidents import Incident, find_incident, start_incident, unable_to_confirm
from connections.bulk.starting import Asker
from connections.bulk.wording import EXTENTS, accounts_in_words
from connections.errors import IncidentNotConfirmed
from connections.models.bulk import Extent
from integrations.models.audit_entry import Outcome

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Start an incident. docs/how-to/bulk-and-incidents.md says what happens."""

    help = "Revoke everything of one auth config, toolkit, project or sealing key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what it is about, why, and the confirmation."""
        about = parser.add_mutually_exclusive_group(required=True)
        about.add_argument("--auth-config", metavar="ac_...")
        about.add_argument("--toolkit", metavar="SLUG")
        about.add_argument("--project", metavar="pr_...")
        about.add_argument("--key", metavar="ID", help="8 hex digits, as `keys status` shows them")
        parser.add_argument("--why", default="", help="kept in the audit trail and the timelines")
        parser.add_argument(
            "--confirm",
            default="",
            metavar="NAME",
            help="its name; without it, tell and do nothing",
        )
        parser.add_argument(
            "--leave-open", action="store_true", help="do not disable the auth configs"
        )

    def handle(self, *args: Any, why: str, confirm: str, leave_open: bool, **options: Any) -> None:
        """Start it, or say what it would do. Exits with 1 where it was not confirmed."""
        asker = Asker.of_host()
        incident = _found(asker, options)
        self._tell(incident, leave_open=leave_open)
        if not confirm:
            message = f'Nothing was done. To do it: --why "..." --confirm "{incident.name}"'
            raise CommandError(message)
        try:
            job = start_incident(
                incident=incident, asker=asker, typed=confirm, note=why[:200], close=not leave_open
            )
        except IncidentNotConfirmed as error:
            raise CommandError(error.message) from None
        write_entries(
            job, action="incident", title="Incident: revoke everything", outcome=Outcome.BEGUN
        )
        self.stdout.write(
            f"{job.pk} is begun. The worker goes on with it; where none runs, "
            "`manage.py refresh_due --watch` does."
        )

    def _tell(self, incident: Incident, *, leave_open: bool) -> None:
        accounts = accounts_in_words(incident.count())
        self.stdout.write(f"{EXTENTS[incident.extent]} {incident.name}: {accounts} to revoke.")
        if configs := len(incident.open_config_ids):
            does = "stay enabled" if leave_open else "are disabled"
            self.stdout.write(f"Auth configs that {does}: {configs}.")
        if mute := unable_to_confirm(incident):
            self.stdout.write(f"Without a way to revoke a token: {', '.join(mute)}.")
        if incident.seals_now:
            self.stdout.write("This key seals now: rotate first, or what is connected from now on")
            self.stdout.write("is sealed with it, too.")


def _found(asker: Asker, options: dict[str, Any]) -> Incident:
    for extent in (Extent.AUTH_CONFIG, Extent.TOOLKIT, Extent.PROJECT, Extent.KEY):
        if given := options[extent.value]:
            incident = find_incident(extent=extent, extent_id=given, asker=asker)
            if incident is not None:
                return incident
    message = "There is no such thing here."
    raise CommandError(message)
