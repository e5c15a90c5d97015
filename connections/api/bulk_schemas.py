"""What goes in and out of the routes of bulk jobs."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from connections.bulk.counting import at_providers, is_sure
from connections.models import BulkJob
from integrations.api.text import ShortText


class BulkJobIn(Schema):
    """Which accounts: those that match all that is given, and stand so now."""

    tenant_id: ShortText | None = None
    user_id: ShortText | None = None
    toolkit: ShortText | None = None
    auth_config_id: ShortText | None = None
    status: ShortText | None = None
    note: Annotated[ShortText, Field(max_length=200, description="Why, for the history.")] = ""


class ProvidersOut(Schema):
    """What the providers said to revocations."""

    confirmed: int
    pending: int = Field(description="Being asked, again and again.")
    unconfirmed: int = Field(description="Will not be confirmed; the report says why.")
    sure: bool = Field(description="Each is confirmed, or it is said why it cannot be.")


class BulkJobOut(Schema):
    """A bulk job and how far it is."""

    id: str
    kind: str
    state: str
    stopped_because: str
    filter: dict[str, str]
    note: str
    total: int = Field(description="Accounts; it grows until `collected_at` is set.")
    done: int
    skipped: int
    failed: int
    created_at: datetime
    collected_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    providers: ProvidersOut | None = Field(description="Of a job that revokes.")

    @staticmethod
    def resolve_filter(job: BulkJob) -> dict[str, str]:
        """The filter as it was given."""
        names = {"auth_config": "auth_config_id", "project": ""}
        facts = {names.get(name, name): value for name, value in job.facts.items()}
        return {name: value for name, value in facts.items() if name}

    @staticmethod
    def resolve_providers(job: BulkJob) -> ProvidersOut | None:
        """How far the revocations at the providers are."""
        said = at_providers(job)
        if said is None:
            return None
        return ProvidersOut(
            confirmed=said.confirmed,
            pending=said.pending,
            unconfirmed=said.unconfirmed,
            sure=is_sure(job, said),
        )
