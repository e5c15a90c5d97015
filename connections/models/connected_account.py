"""One grant: an entity's account at a toolkit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper

from connections.models.status import Reason, Status
from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet

if TYPE_CHECKING:
    from integrations.catalog import Toolkit


_ACTIVE = Q(status="ACTIVE")


class ConnectedAccountQuerySet(ProjectScopedQuerySet["ConnectedAccount"]):
    """Accounts as lists, the API and the refresher ask for them."""

    def living(self) -> Self:
        """All but the deleted ones, which the API does not know any more."""
        return self.exclude(status=Status.DELETED)

    def locked(self, account_id: str, *, wait: bool = True) -> ConnectedAccount:
        """Lock one account's row and return it with what operations on it need.

        Raises OperationalError where somebody has it: at once, or after some seconds' wait.

        Everybody locks the account before its credentials, so nobody waits in a circle.
        """
        rows = self.select_related("project", "entity", "auth_config__managed_app")
        return rows.select_for_update(of=("self",), nowait=not wait).get(pk=account_id)

    def free(self) -> Self:
        """Accounts that nobody is refreshing, by the database's clock: workers' clocks differ."""
        return self.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=Now()))

    def due(self, *, now: datetime) -> Self:
        """Active accounts whose refresh is due and that nobody is refreshing."""
        return self.free().filter(status=Status.ACTIVE, refresh_at__lte=now)


class ConnectedAccount(ProjectScopedModel):
    """A grant, with status, upstream identity and schedule. Its credentials are `Credentials`.

    ``status`` is written by `connections.lifecycle` alone. Degraded, stale and expiring are
    derived from the timestamps here, never stored.
    """

    id = IdField("ca")
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, editable=False, db_index=False
    )
    # These are indexed in Meta: every index costs each refresh a write, and Django would make two
    # of each, of which one is for searches by how an id begins.
    entity = models.ForeignKey(
        "connections.Entity",
        on_delete=models.PROTECT,
        related_name="connected_accounts",
        db_index=False,
    )
    auth_config = models.ForeignKey(
        "integrations.AuthConfig",
        on_delete=models.PROTECT,
        related_name="connected_accounts",
        db_index=False,
    )
    # The auth config's, never changed; an index finds an account by its auth config.
    toolkit = models.SlugField(max_length=64, db_index=False)
    alias = models.CharField(max_length=100, blank=True)
    # The client that the grant was given to: a refresh token works for that one only.
    oauth_client_id = models.CharField(max_length=500, blank=True, db_default="", editable=False)
    # Where the consent led back to: some services want to hear it again at each refresh. Empty: as
    # the auth config has it.
    redirect_uri = models.CharField(max_length=2000, blank=True, db_default="", editable=False)
    # What differs from account to account in the toolkit's URLs: a shop's name, a tenant's host.
    parameters = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )

    status = models.CharField(
        max_length=12, choices=Status, default=Status.INITIATED, editable=False
    )
    status_reason = models.CharField(
        max_length=40, choices=Reason, default=Reason.LINK_CREATED, editable=False
    )
    status_changed_at = models.DateTimeField(editable=False)

    # Whose account it is upstream: the provider's stable id, and what a person recognises.
    identity_id = models.CharField(max_length=255, blank=True)
    identity_label = models.CharField(max_length=255, blank=True)
    scopes_requested = ArrayField(models.CharField(max_length=500), default=list)
    scopes_granted = ArrayField(models.CharField(max_length=500), default=list)
    # When the provider last confirmed that the credentials work.
    last_verified_at = models.DateTimeField(null=True, editable=False)

    # When the app confirmed that its user of this entity gave the grant; null where a project does
    # not ask for that, and of a grant before.
    user_verified_at = models.DateTimeField(null=True, editable=False)

    # The newest generation of credentials there ever was: a wiped grant's number never returns.
    grant_generation = models.PositiveBigIntegerField(default=0, editable=False)
    # When the access token ends; null while there is none or where it has no end.
    expires_at = models.DateTimeField(null=True, editable=False)
    refreshed_at = models.DateTimeField(null=True, editable=False)
    # When to refresh. See connections.refresh.
    refresh_at = models.DateTimeField(null=True, editable=False)
    refresh_failing_since = models.DateTimeField(null=True, editable=False)
    refresh_failures = models.PositiveIntegerField(default=0, editable=False)
    # The attempt under way: its id, and what its row in the history will say. It is written and
    # committed before the call; what is left over of a killed worker tells what it was at.
    lease_id = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_started_at = models.DateTimeField(null=True, editable=False)
    lease_generation = models.PositiveBigIntegerField(default=0, editable=False)
    lease_trigger = models.CharField(max_length=12, blank=True, editable=False)
    lease_worker = models.CharField(max_length=100, blank=True, editable=False)
    # Since when a call with the present refresh token may have been answered unheard.
    in_doubt_since = models.DateTimeField(null=True, editable=False)
    # When to prove the status next, where nothing else does.
    probe_at = models.DateTimeField(null=True, editable=False)
    # When it was last asked about, whatever came of it.
    probed_at = models.DateTimeField(null=True, editable=False)
    probe_failures = models.PositiveIntegerField(default=0, editable=False)
    # The generation whose access token a probe found refused, until another one confirms it.
    refused_generation = models.PositiveBigIntegerField(default=0, editable=False)
    # The row of the history that counts the present run of successful scheduled refreshes.
    streak_id = models.CharField(max_length=32, blank=True, editable=False)
    # When the person gave the present grant.
    granted_at = models.DateTimeField(null=True, editable=False)
    # When the grant itself will end if nothing changes, and when its person is told of it next.
    grant_ends_at = models.DateTimeField(null=True, editable=False)
    next_warning_at = models.DateTimeField(null=True, editable=False)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = ConnectedAccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "toolkit", "alias"],
                name="account_alias_unique",
                condition=~Q(alias="") & ~Q(status="DELETED"),
            ),
        ]
        indexes = [
            # Every config is asked for its longest waiting accounts, so it comes first.
            models.Index(
                fields=["auth_config", "refresh_at"],
                name="account_due",
                condition=Q(status="ACTIVE", refresh_at__isnull=False),
            ),
            models.Index(
                fields=["auth_config", "probe_at"],
                name="account_to_probe",
                condition=Q(probe_at__isnull=False),
            ),
            models.Index(
                fields=["next_warning_at"],
                name="account_to_warn",
                condition=Q(status="ACTIVE", next_warning_at__isnull=False),
            ),
            # Lists of grants that are about to end.
            models.Index(
                fields=["grant_ends_at"],
                include=["project"],
                name="account_to_end",
                condition=Q(status="ACTIVE", grant_ends_at__isnull=False),
            ),
            # Looked through every second for those whose links ran out.
            models.Index(
                fields=["status_changed_at"],
                name="account_initiated",
                condition=Q(status="INITIATED"),
            ),
            models.Index(fields=["entity"], name="account_by_entity"),
            models.Index(fields=["auth_config", "identity_id"], name="account_by_identity"),
            # Lists in order of creation: of a project, and of the few that are not as they should
            # be. The latter cost the refresh of a healthy account nothing.
            models.Index(fields=["project", "id"], name="account_by_project"),
            # An auth config that nobody uses any more has accounts that are old, all of them.
            models.Index(fields=["auth_config", "id"], name="account_by_config"),
            models.Index(
                fields=["status", "id"],
                include=["project"],
                name="account_at_rest",
                condition=~_ACTIVE,
            ),
            models.Index(
                fields=["id"],
                include=["project"],
                name="account_failing",
                condition=_ACTIVE & Q(refresh_failing_since__isnull=False),
            ),
            models.Index(
                fields=["id"],
                include=["project"],
                name="account_in_doubt",
                condition=_ACTIVE & Q(in_doubt_since__isnull=False),
            ),
            models.Index(
                fields=["status_reason", "id"],
                include=["project", "status"],
                name="account_of_reason",
                condition=~Q(status_reason="connected"),
            ),
            # Searched for by how they begin, in any case.
            models.Index(
                OpClass(Upper("identity_label"), name="text_pattern_ops"), name="account_by_label"
            ),
            models.Index(
                OpClass(Upper("alias"), name="text_pattern_ops"),
                name="account_by_alias",
                condition=~Q(alias=""),
            ),
        ]
        permissions = [
            ("refresh_connectedaccount", "Can refresh connected accounts"),
            ("probe_connectedaccount", "Can have connected accounts proven"),
            ("disable_connectedaccount", "Can disable and enable connected accounts"),
            ("revoke_connectedaccount", "Can revoke connected accounts"),
            ("link_connectedaccount", "Can send reconnect links"),
        ]

    def __str__(self) -> str:
        return f"{self.identity_label or 'unknown identity'} at {self.toolkit}"

    def __repr__(self) -> str:
        return f"<ConnectedAccount {self.pk} {self.toolkit} {self.status}>"

    @property
    def catalog_entry(self) -> Toolkit:
        """The toolkit's facts, with its client's and this account's parameters in its URLs."""
        return self.auth_config.entry_of(self.oauth_client_id).with_connection(self.parameters)

    @property
    def missing_scopes(self) -> list[str]:
        """Scopes that the auth config asks for by now and the grant has not; reconnecting helps."""
        toolkit = self.known_toolkit
        if toolkit is None or not self.granted_at or not self.scopes_granted:
            return []
        wanted = self.auth_config.required_scopes
        return toolkit.missing_scopes(wanted=wanted, granted=self.scopes_granted)

    @property
    def base_url(self) -> str | None:
        """Where this account's API is called, as far as that is known."""
        toolkit = self.known_toolkit
        return toolkit.base_url if toolkit else None

    @property
    def known_toolkit(self) -> Toolkit | None:
        """As `catalog_entry`; None where the catalog has lost it."""
        try:
            return self.catalog_entry
        except LookupError:
            return None

    def lives_for(self, seconds: float, *, now: datetime) -> bool:
        """Whether the access token is good for that many seconds more."""
        return self.expires_at is None or self.expires_at > now + timedelta(seconds=seconds)
