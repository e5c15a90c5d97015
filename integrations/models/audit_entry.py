"""What staff did: written once, read by people, changed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone

from integrations.ids import IdField
from integrations.models.scoping import ProjectScopedQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Outcome(models.TextChoices):
    """What came of an action."""

    BEGUN = "begun", "Begun"
    DONE = "done", "Done"
    FAILED = "failed", "Without success"
    REFUSED = "refused", "Refused"


class EntriesStay(TypeError):
    """An entry of the audit trail is neither changed nor deleted."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class AuditEntryQuerySet(ProjectScopedQuerySet["AuditEntry"]):
    """Entries: read and added to. The database holds it too, see migration 0010."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise EntriesStay

    def delete(self) -> tuple[int, dict[str, int]]:
        raise EntriesStay

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise EntriesStay

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Superusers see all; others nothing of the instance itself, say of who signed in."""
        rows = super().visible_to(user)
        return rows if user.is_superuser else rows.filter(project__isnull=False)


class ForgettableQuerySet(AuditEntryQuerySet):
    """Entries that pruning may delete, once they are old enough for the database's trigger."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them. To be called in a transaction: the leave ends with it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('evergrant.prunes_audit', 'on', true)")
            # Past the class above, which refuses.
            deleted = super(AuditEntryQuerySet, self).delete()
            cursor.execute("SELECT set_config('evergrant.prunes_audit', 'off', true)")
        return deleted


class AuditEntry(models.Model):
    """One action of a member of staff, or an attempt.

    It refers to users and objects by texts, so that it stays readable when they are gone. Of a form
    it has the names of the fields that changed and no values, because any of them might be secret.
    """

    id = IdField("au")
    occurred_at = models.DateTimeField(default=timezone.now)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    action_title = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=100, blank=True)
    subject_id = models.CharField(max_length=600, blank=True)
    subject_label = models.CharField(max_length=300, blank=True)
    project = models.ForeignKey(
        "integrations.Project",
        # An entry outlives whatever it tells of.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        # The index below begins with it.
        db_index=False,
        null=True,
        related_name="+",
    )
    address = models.GenericIPAddressField(null=True, unpack_ipv4=True)
    request_id = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    error_code = models.CharField(max_length=64, blank=True)
    changed = ArrayField(models.CharField(max_length=100), default=list)

    objects: ClassVar = AuditEntryQuerySet.as_manager()
    # For pruning alone.
    forgettable: ClassVar = ForgettableQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["project", "-id"], name="audit_by_project"),
            models.Index(fields=["subject_id", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action_title} ({self.pk})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the entry. Raises EntriesStay where it is there already."""
        if not self._state.adding:
            raise EntriesStay
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise EntriesStay
