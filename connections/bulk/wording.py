"""A job in words: what it does, to what, how it stands, what will happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.heartbeat import live_workers
from connections.models.bulk import Extent, JobState, Kind, Outcome

if TYPE_CHECKING:
    from connections.models import BulkJob
    from integrations.counting import Count

TITLES: dict[str, str] = {
    Kind.REFRESH: "Refresh",
    Kind.REVOKE: "Revoke",
    Kind.LINK: "Make reconnect links",
    Kind.MAIL: "Mail reconnect links",
}
CONSEQUENCES: dict[str, tuple[str, ...]] = {
    Kind.REFRESH: (
        (
            "Each active account is made due, a hundred at a time, and refreshed in its turn under "
            "the caps and breakers of its provider. What is due anyway does not wait for them."
        ),
        (
            "Accounts that are not active, or have no refresh token, are left alone. A provider "
            "that fails at the moment is not called; its accounts are told as failed."
        ),
    ),
    Kind.REVOKE: (
        (
            "Each grant ends here at once: its credentials are wiped, and the app is told by an "
            "event. Only the person can bring it back, by connecting again."
        ),
        "The providers are asked to revoke each grant too, and asked again until they confirm it.",
        "This cannot be undone: what is done when you cancel stays done.",
    ),
    Kind.LINK: (
        (
            "For each account a link is made on which its person reconnects it. A link lives 24 "
            "hours, and whoever opens it can connect the account: give it to that person only."
        ),
        (
            "The links are kept sealed until you download them, each once, or until they end. Then "
            "they are forgotten; new ones can be made."
        ),
    ),
    Kind.MAIL: (
        (
            "Each person gets a mail with a link to reconnect, at the address that the app has "
            "given. Whoever has none, or wants no mails, is left alone."
        ),
        "What became of each mail is told under Notices.",
    ),
}
STATE_TONES: dict[str, str] = {
    JobState.QUEUED: "busy",
    JobState.RUNNING: "busy",
    JobState.CANCELLED: "quiet",
    JobState.STOPPED: "bad",
    JobState.DONE: "good",
}
OUTCOME_TONES: dict[str, str] = {
    Outcome.OPEN: "quiet",
    Outcome.WAITING: "busy",
    Outcome.DONE: "good",
    Outcome.SKIPPED: "quiet",
    Outcome.FAILED: "bad",
}
EXTENTS: dict[str, str] = {
    Extent.AUTH_CONFIG: "auth config",
    Extent.TOOLKIT: "toolkit",
    Extent.PROJECT: "project",
    Extent.KEY: "sealing key",
}

# What a page's head shows of the button that leads to an incident.
INCIDENT_BUTTON = {
    "title": "Revoke everything",
    "icon": "e911_emergency",
    "confirm": True,
    "danger": True,
}


def job_title(job: BulkJob) -> str:
    """Say what the job does."""
    if job.is_incident:
        return f"Incident: revoke everything of the {EXTENTS[job.extent]} {job.extent_label}"
    if job.collected_at is None:
        return TITLES[job.kind]
    return on_so_many(job.kind, f"{job.total:,} account{'' if job.total == 1 else 's'}")


def short_title(job: BulkJob) -> str:
    """Say what the job does, where there is little room."""
    return f"Incident: {job.extent_label}" if job.is_incident else job_title(job)


def on_so_many(kind: str, accounts: str) -> str:
    """Say what is done with how many accounts: ``Revoke 3 accounts``."""
    what = TITLES[kind]
    return f"{what} for {accounts}" if kind == Kind.LINK else f"{what} {accounts}"


def accounts_in_words(count: Count) -> str:
    """Say how many accounts: ``1 account``, ``≈ 1.2M accounts``."""
    return f"{count} account{'' if count.number == 1 else 's'}"


_WAITS = "It begins as soon as a worker looks, within a second or two."
_NO_WORKER = "No worker runs. It begins when one does: `manage.py refresh_due --watch` is one."


def standing(job: BulkJob) -> str:
    """Say where the job stands, and what that means."""
    if job.state == JobState.QUEUED:
        return _WAITS if live_workers() else _NO_WORKER
    if job.state == JobState.CANCELLED:
        left = job.total - job.handled
        return f"It was cancelled with {left:,} accounts left. What was done stays; it can go on."
    if job.state == JobState.STOPPED:
        return f"It was stopped. {job.stopped_because} Somebody who may can let it go on."
    if job.collected_at is None:
        return f"The accounts are being collected: {job.total:,} so far."
    if job.state == JobState.RUNNING and not job.handled:
        return "The first accounts are under way."
    return ""
