"""What bulk jobs did with the account: who asked, why, in which job, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connections import wording
from connections.models import BulkItem
from connections.models.bulk import Kind as JobKind
from connections.models.bulk import Outcome
from connections.timeline.entry import Kind, TimelineEntry
from connections.timeline.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.models import ConnectedAccount

_TITLES: Final[dict[str, str]] = {
    JobKind.REFRESH: "Refresh asked for in bulk",
    JobKind.REVOKE: "Revoking asked for in bulk",
    JobKind.LINK: "Reconnect link asked for in bulk",
    JobKind.MAIL: "Mail asked for in bulk",
}
_UNDONE: Final = (Outcome.OPEN, Outcome.SKIPPED, Outcome.FAILED)


def jobs(
    account: ConnectedAccount, limit: int, before: str, *, all_of_it: bool = True
) -> Iterator[TimelineEntry]:
    """Yield the jobs that the account is, or was, one of.

    Args:
        all_of_it: also what ended the grant, which the change of status tells with who and why.
    """
    rows = BulkItem.objects.filter(account=account).select_related("job").defer("link_url")
    if not all_of_it:
        rows = rows.exclude(outcome=Outcome.DONE, job__kind=JobKind.REVOKE)
    for row in page(rows, "bi", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.job.created_at,
            kind=Kind.STAFF,
            title=_title(row),
            detail=" · ".join(part for part in (row.words, row.job.cause) if part),
            actor=wording.actor(row.job.asked_by),
            tone=_tone(row),
            code=row.error_code,
        )


def _title(row: BulkItem) -> str:
    title = _TITLES[row.job.kind]
    return f"{title}: {row.get_outcome_display().lower()}" if row.outcome in _UNDONE else title


def _tone(row: BulkItem) -> str:
    if row.outcome == Outcome.FAILED:
        return "warn"
    return "busy" if row.outcome == Outcome.WAITING else "quiet"
