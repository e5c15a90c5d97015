"""How far a job is, and what the providers have said to its revocations."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, OuterRef, Q

from connections.models import BulkItem, BulkJob, Revocation
from connections.models.bulk import OUT_OF_REACH, JobState, Kind, Outcome
from connections.vault import UNREADABLE

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

# How a revocation stands, by the column that says so.
_ENDS: Final = {
    "confirmed": "confirmed_at",
    "superseded": "superseded_at",
    "given_up": "given_up_at",
    "pending": "next_attempt_at",
}
_LIVES_ON: Final = (
    "the grant lives on: the same person has connected anew, or another project stands on it"
)


@dataclass(frozen=True, kw_only=True)
class AtProviders:
    """What became at the providers of what was revoked here.

    Attributes:
        out_of_reach: how many were not revoked at all for want of rights.
        forgotten: of how many accounts it is not known any more what came of them.
        reasons: why it is not confirmed where nobody asks any more, in words, with how many.
    """

    confirmed: int = 0
    pending: int = 0
    superseded: int = 0
    given_up: int = 0
    not_told: int = 0
    out_of_reach: int = 0
    forgotten: int = 0
    reasons: list[tuple[str, int]] = field(default_factory=list)

    @property
    def unconfirmed(self) -> int:
        """How many will not be confirmed, for the reasons that are told."""
        return self.superseded + self.given_up + self.not_told


def at_providers(job: BulkJob) -> AtProviders | None:
    """Return what the providers said; None for a job that revokes nothing.

    Also to the tokens that came when an incident had ended their account: there may be two
    revocations of one account.
    """
    if job.kind != Kind.REVOKE:
        return None
    if job.providers_said is None:
        return _count(job)
    kept = dict(job.providers_said)
    reasons = [(words, count) for words, count in kept.pop("reasons")]
    return AtProviders(**kept, reasons=reasons)


def _count(job: BulkJob) -> AtProviders:
    items = BulkItem.objects.filter(job=job, outcome=Outcome.DONE)
    told = items.filter(revocation__isnull=False)
    late = Revocation.objects.filter(incident=job)
    counts = _ends(told, "revocation__") + _ends(late)
    not_told = items.filter(error_code=UNREADABLE).count()
    left = BulkItem.objects.filter(job=job, outcome=Outcome.SKIPPED, error_code=OUT_OF_REACH)
    codes = Counter[str]()
    if counts["given_up"]:
        codes = _given_up(told, "revocation__") + _given_up(late)
    return AtProviders(
        **{end: counts[end] for end in _ENDS},
        not_told=not_told,
        out_of_reach=left.count(),
        # While accounts are collected, more of them may be there than the job was read with.
        forgotten=max(job.total - BulkItem.objects.filter(job=job).count(), 0),
        reasons=_reasons(codes, counts["superseded"], not_told),
    )


def is_sure(job: BulkJob, said: AtProviders) -> bool:
    """Whether each grant's end is confirmed, or it is said why it cannot be."""
    ended = job.state == JobState.DONE and job.handled >= job.total and not job.failed
    return ended and not (said.out_of_reach or said.forgotten or said.pending)


def keep_counts(*, before: datetime) -> int:
    """Keep what the providers said of a job that ended before then; return how many jobs.

    Its items may be forgotten after that. One job in a call: of a long one it takes a moment.
    """
    waiting = Revocation.objects.filter(next_attempt_at__isnull=False)
    of_items = BulkItem.objects.filter(job=OuterRef("pk"), revocation__in=waiting)
    late = waiting.filter(incident=OuterRef("pk"))
    jobs = BulkJob.objects.filter(
        kind=Kind.REVOKE, ended_at__lt=before, providers_said__isnull=True
    )
    job = jobs.filter(~Exists(of_items), ~Exists(late)).order_by("id").first()
    if job is None:
        return 0
    # Another process may have kept them before, and forgotten items since.
    rows = jobs.filter(pk=job.pk)
    kept: int = rows.update(providers_said=asdict(_count(job)))
    return kept


def are_forgotten(job: BulkJob) -> bool:
    """Whether it is not known any more what came of each account."""
    return bool(job.ended_at and job.total) and not BulkItem.objects.filter(job=job).exists()


def unconfirmed(job: BulkJob) -> QuerySet[Revocation]:
    """Return the job's revocations that no provider has confirmed."""
    items = BulkItem.objects.filter(job=job, revocation__isnull=False).order_by()
    late = Revocation.objects.filter(incident=job).order_by()
    told = items.values("revocation").union(late.values("pk"), all=True)
    return Revocation.objects.filter(pk__in=told, confirmed_at__isnull=True)


def _ends(rows: QuerySet[Any], path: str = "") -> Counter[str]:
    """Count by how they stand the revocations that ``rows`` are, or have at ``path``."""
    counts = {
        end: Count("pk", filter=Q(**{f"{path}{column}__isnull": False}))
        for end, column in _ENDS.items()
    }
    return Counter(rows.aggregate(**counts))


def _given_up(rows: QuerySet[Any], path: str = "") -> Counter[str]:
    given_up = rows.filter(**{f"{path}given_up_at__isnull": False}).order_by()
    return Counter(dict(given_up.values_list(f"{path}error_code").annotate(Count("pk"))))


def _reasons(codes: Counter[str], superseded: int, not_told: int) -> list[tuple[str, int]]:
    reasons = [(_in_words(code), count) for code, count in codes.most_common()]
    if superseded:
        reasons.append((_LIVES_ON, superseded))
    if not_told:
        reasons.append(("the credentials did not open with the configured keys", not_told))
    return reasons


def _in_words(code: str) -> str:
    if code == "revocation_unsupported":
        return "the provider has no way to revoke a token"
    return f"the provider did not confirm it ({code or 'no error code'})"


def problems(job: BulkJob, *, most: int) -> list[BulkItem]:
    """Return the newest accounts that failed, and then those that were left alone."""
    rows = BulkItem.objects.filter(job=job).select_related(
        "account__entity", "account__auth_config"
    )
    rows = rows.defer("link_url").order_by("-id")
    failed = list(rows.filter(outcome=Outcome.FAILED)[:most])
    room = most - len(failed)
    return failed + (list(rows.filter(outcome=Outcome.SKIPPED)[:room]) if room else [])
