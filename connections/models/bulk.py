"""Work on many accounts: what was asked for, on which of them, and what came of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connections.models.status import Status
from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.models.scoping import projects_of, sees_every_project
from integrations.secrets import SealedField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from integrations.models import Project


class Kind(models.TextChoices):
    """What is done with each account."""

    REFRESH = "refresh", "Refresh"
    REVOKE = "revoke", "Revoke"
    LINK = "link", "Make reconnect links"
    MAIL = "mail", "Mail reconnect links"


class Extent(models.TextChoices):
    """What the accounts have in common. All but the first two make an incident."""

    CHOSEN = "chosen", "Chosen one by one"
    FILTER = "filter", "A filter of the list"
    AUTH_CONFIG = "auth_config", "Auth config"
    TOOLKIT = "toolkit", "Toolkit"
    PROJECT = "project", "Project"
    KEY = "key", "Sealing key"


class JobState(models.TextChoices):
    """Where a job stands. The first two are worked on."""

    QUEUED = "queued", "Waiting for a worker"
    RUNNING = "running", "Running"
    CANCELLED = "cancelled", "Cancelled"
    STOPPED = "stopped", "Stopped"
    DONE = "done", "Done"


class Outcome(models.TextChoices):
    """What came of one account. Open: not begun; waiting: begun, and its end is waited for."""

    OPEN = "open", "Not done"
    WAITING = "waiting", "Under way"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Left alone"
    FAILED = "failed", "Failed"


class RunsFor(models.TextChoices):
    """Whose rights a job has."""

    STAFF = "staff", "A member of staff"
    KEY = "key", "An API key"
    HOST = "host", "Who runs commands on the host"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)
INCIDENTS = (Extent.AUTH_CONFIG, Extent.TOOLKIT, Extent.PROJECT, Extent.KEY)
PERMISSIONS = {
    Kind.REFRESH: "connections.refresh_connectedaccount",
    Kind.REVOKE: "connections.revoke_connectedaccount",
    Kind.LINK: "connections.link_connectedaccount",
    Kind.MAIL: "connections.link_connectedaccount",
}
INCIDENT_PERMISSION = "connections.incident_bulkjob"
# Of an account that was left alone: whoever the job ran for did not see its project any more.
OUT_OF_REACH = "out_of_reach"


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    """Jobs as people, keys and workers ask for them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to jobs all of whose projects the person sees."""
        if sees_every_project(user):
            return self.all()
        return self.filter(projects__contained_by=projects_of(user)).exclude(projects=[])

    def in_project(self, project: Project) -> Self:
        """Narrow to jobs on this project's accounts alone."""
        return self.filter(project=project)

    def under_way(self) -> Self:
        """Jobs that a worker may go on with, incidents first, then the oldest."""
        first = models.Case(models.When(extent__in=INCIDENTS, then=0), default=1)
        return self.filter(state__in=OPEN_STATES).order_by(first, "id")


class BulkJob(models.Model):
    """One thing to do with many accounts, worked off by the refreshing processes.

    Which accounts, its items say. They are collected when it begins, as the filter stood when it
    was asked for; ``collected_at`` is null until the last one is in. Counters are kept with the
    items, in one transaction.
    """

    id = IdField("bj")
    kind = models.CharField(max_length=12, choices=Kind, editable=False)
    extent = models.CharField(max_length=12, choices=Extent, editable=False)
    # The auth config, toolkit, project or key of an incident, and how it was called.
    extent_id = models.CharField(max_length=64, blank=True, editable=False)
    extent_label = models.CharField(max_length=200, blank=True, editable=False)
    # What the list was filtered by, in names and values that can be asked again.
    facts = models.JSONField(default=dict, editable=False)
    # The one project that all accounts are of; null where there are several, or it is not known.
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, null=True, editable=False
    )
    # Whose accounts there may be, and once all are collected, are.
    projects = ArrayField(models.CharField(max_length=32), default=list, editable=False)
    # Whose accounts it touches at the most: those that its asker reached when it began; null for
    # all. Whoever lets it go on later makes it no wider.
    reach = ArrayField(models.CharField(max_length=32), null=True, editable=False)
    note = models.CharField(max_length=200, blank=True, editable=False)

    # As the history names who asked.
    asked_by = models.CharField(max_length=300, editable=False)
    runs_for = models.CharField(max_length=8, choices=RunsFor, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False
    )
    api_key = models.ForeignKey(
        "integrations.ApiKey", on_delete=models.SET_NULL, null=True, editable=False
    )

    state = models.CharField(
        max_length=12, choices=JobState, default=JobState.QUEUED, editable=False
    )
    # Why it was stopped, in words.
    stopped_because = models.CharField(max_length=300, blank=True, editable=False)
    # The auth configs that were disabled when it began, so that nobody connects meanwhile.
    closed_configs = ArrayField(models.CharField(max_length=32), default=list, editable=False)
    # The last account that was collected.
    cursor = models.CharField(max_length=32, blank=True, editable=False, db_collation="C")
    total = models.PositiveIntegerField(default=0, editable=False)
    done = models.PositiveIntegerField(default=0, editable=False)
    skipped = models.PositiveIntegerField(default=0, editable=False)
    failed = models.PositiveIntegerField(default=0, editable=False)

    created_at = models.DateTimeField(editable=False)
    collected_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    # Since when it goes on without a pause, and how many accounts were through by then.
    pace_since = models.DateTimeField(null=True, editable=False)
    pace_from = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    # What the providers said, kept when its items are about to be forgotten; null until then.
    providers_said = models.JSONField(null=True, editable=False)
    # When, and by whom, the reconnect links were downloaded. That is done once.
    links_taken_at = models.DateTimeField(null=True, editable=False)
    links_taken_by = models.CharField(max_length=300, blank=True, editable=False)

    # Who reads its page: names in it are told as far as that person sees them.
    seen_by: User | AnonymousUser | None = None

    objects: ClassVar = BulkJobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                name="bulk_job_under_way",
                condition=Q(state__in=["queued", "running"]),
            )
        ]
        permissions = [
            ("incident_bulkjob", "Can revoke everything of a config, toolkit, project or key")
        ]

    def __str__(self) -> str:
        what = self.get_kind_display()
        return f"{what}: {self.extent_label}" if self.extent_label else what

    def __repr__(self) -> str:
        return f"<BulkJob {self.pk} {self.kind} {self.state}>"

    @property
    def is_incident(self) -> bool:
        """Whether it revokes everything there is of something."""
        return self.extent in INCIDENTS

    @property
    def permission(self) -> str:
        """What somebody needs to ask for it, to cancel it and to have it go on."""
        return INCIDENT_PERMISSION if self.is_incident else PERMISSIONS[Kind(self.kind)]

    @property
    def cause(self) -> str:
        """What an account's history says of it: the reason, and where to read more."""
        return f"{self.note} ({self.pk})" if self.note else self.pk

    @property
    def is_under_way(self) -> bool:
        """Whether workers go on with it."""
        return self.state in OPEN_STATES

    @property
    def handled(self) -> int:
        """How many accounts are through."""
        return self.done + self.skipped + self.failed


class BulkItemQuerySet(ProjectScopedQuerySet["BulkItem"]):
    """The accounts of jobs."""

    def free(self) -> Self:
        """Items not begun that no worker has taken up, by the database's clock."""
        return self.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=Now()), outcome="open")


class BulkItem(ProjectScopedModel):
    """One account of a job. What was done to it is committed together with its outcome here."""

    id = IdField("bi")
    # Found through the indexes below; nobody asks for the items of a project alone.
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, editable=False, db_index=False
    )
    job = models.ForeignKey(
        BulkJob, on_delete=models.CASCADE, related_name="items", editable=False, db_index=False
    )
    account = models.ForeignKey(
        "connections.ConnectedAccount",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
    )
    # How it stood when it was collected: what has changed since is left alone.
    status_was = models.CharField(max_length=12, choices=Status, editable=False)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.OPEN, editable=False)
    words = models.CharField(max_length=200, blank=True, editable=False)
    error_code = models.CharField(max_length=100, blank=True, editable=False)
    # Until when the worker that took it up is expected to be through with it.
    lease_until = models.DateTimeField(null=True, editable=False)
    began_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    # Of the credentials when a refresh was asked for: a later one is its success.
    generation = models.PositiveBigIntegerField(default=0, editable=False)
    # Both are forgotten on their own, and an index here would cost each of them.
    revocation = models.ForeignKey(
        "connections.Revocation",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    link = models.ForeignKey(
        "connections.ConnectLink",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    # Wiped when it is downloaded, and when the link has ended.
    link_url = SealedField(null=True)
    link_ends_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = BulkItemQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["job", "account"], name="bulk_item_once"),
        ]
        indexes = [
            models.Index(fields=["job", "id"], name="bulk_item_open", condition=Q(outcome="open")),
            models.Index(fields=["job", "outcome", "id"], name="bulk_item_by_outcome"),
            models.Index(fields=["account", "-id"], name="bulk_item_of_account"),
            models.Index(
                fields=["link_ends_at"],
                name="bulk_item_with_link",
                condition=Q(link_url__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.id
