"""A job's report as CSV, and, once, the reconnect links that it made."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from connections import wording
from connections.errors import LinksTaken
from connections.models import BulkItem, BulkJob, Revocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from connections.actors import Actor

BATCH: Final = 1000
# What a spreadsheet takes for a formula when a cell begins with it.
_FORMULAS: Final = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
_ABOUT: Final = ("account", "project", "user", "toolkit", "auth_config", "identity")
REPORT: Final = (
    *_ABOUT,
    "status_then",
    "outcome",
    "words",
    "error_code",
    "ended_at",
    "at_provider",
    "provider_error",
    "link_id",
    "link_ends_at",
)
LINKS: Final = (*_ABOUT, "link_id", "link_ends_at", "link")


class _Line:
    """What `csv` writes to: gives each line back."""

    def write(self, text: str) -> str:
        return text


def report(job: BulkJob) -> Iterator[str]:
    """Yield the lines of a job's report: every account and what came of it, no link."""
    rows = _with_account(BulkItem.objects.filter(job=job)).select_related("revocation")
    rows = rows.defer("link_url", "revocation__payload")
    yield from _lines(REPORT, _report_rows(job, rows))


def take_links(*, job: BulkJob, actor: Actor, now: datetime) -> None:
    """Note that ``actor`` downloads the links.

    Raises:
        LinksTaken: none is left that lives.
    """
    if not living_links(job, now=now).exists():
        raise LinksTaken
    rows = BulkJob.objects.filter(pk=job.pk)
    rows.update(links_taken_at=now, links_taken_by=actor)


def living_links(job: BulkJob, *, now: datetime) -> QuerySet[BulkItem]:
    """Return the items whose link lives and was not downloaded yet."""
    rows: QuerySet[BulkItem] = BulkItem.objects.filter(job=job)
    return rows.filter(link_url__isnull=False, link_ends_at__gt=now)


def links(job: BulkJob) -> Iterator[str]:
    """Yield the lines with the links that still live. Each is wiped before it is given away."""
    yield from _lines(LINKS, _link_rows(job))


def forget_links(*, now: datetime, limit: int = BATCH) -> int:
    """Wipe the links that have ended; return how many."""
    ended = BulkItem.objects.filter(link_url__isnull=False, link_ends_at__lte=now)
    rows = BulkItem.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[:limit]))
    return rows.update(link_url=None)


def _link_rows(job: BulkJob) -> Iterator[list[str]]:
    while True:
        with transaction.atomic():
            rows = _with_account(living_links(job, now=timezone.now())).order_by("id")
            batch = list(rows.select_for_update(of=("self",))[:BATCH])
            told = [[*_about(item), *_link(item), item.link_url.reveal()] for item in batch]
            BulkItem.objects.filter(pk__in=[item.pk for item in batch]).update(link_url=None)
        if not batch:
            return
        yield from told


def _with_account(rows: QuerySet[BulkItem]) -> QuerySet[BulkItem]:
    return rows.select_related("account__entity", "account__auth_config", "account__project")


def _batches(rows: QuerySet[BulkItem]) -> Iterator[list[BulkItem]]:
    rows = rows.order_by("id")
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def _lines(names: tuple[str, ...], rows: Iterable[list[str]]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([_harmless(cell) for cell in row])


def _harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it: people choose their own names."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _about(item: BulkItem) -> list[str]:
    account = item.account
    return [
        account.pk,
        account.project.name,
        account.entity.user_id,
        account.toolkit,
        account.auth_config.name,
        account.identity_label,
    ]


def _link(item: BulkItem) -> list[str]:
    return [item.link_id or "", _moment(item.link_ends_at)]


def _report_rows(job: BulkJob, rows: QuerySet[BulkItem]) -> Iterator[list[str]]:
    for batch in _batches(rows):
        late = _late(job, batch)
        for item in batch:
            yield _report_row(item, late.get(item.account_id) or item.revocation)


def _late(job: BulkJob, batch: list[BulkItem]) -> dict[str, Revocation]:
    """Return by account what is not confirmed of tokens that came when it had been revoked."""
    rows = Revocation.objects.filter(incident=job, confirmed_at__isnull=True).defer("payload")
    found = rows.filter(account__in=[item.account_id for item in batch])
    return {revocation.account_id: revocation for revocation in found}


def _report_row(item: BulkItem, revocation: Revocation | None) -> list[str]:
    return [
        *_about(item),
        item.status_was,
        item.get_outcome_display(),
        item.words,
        item.error_code,
        _moment(item.ended_at),
        wording.revocation_state(revocation) if revocation else "",
        revocation.error_code if revocation else "",
        *_link(item),
    ]


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""
