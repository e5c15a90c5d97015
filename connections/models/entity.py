"""One user of the app."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from integrations.ids import IdField
from integrations.models import ProjectScopedModel


class Entity(ProjectScopedModel):
    """A user of the app, known by the app's own stable id, within a project."""

    id = IdField("en")
    user_id = models.CharField(max_length=255, help_text="The app's own id of this user.")
    tenant_id = models.CharField(
        max_length=255, blank=True, help_text="The app's customer this user belongs to."
    )
    # As the app gave it: an address that a service tells may be anybody's.
    email = models.CharField(
        max_length=254, blank=True, help_text="Where the person is told that a grant died."
    )
    language = models.CharField(
        max_length=16, blank=True, help_text="Of mails to the person: a tag such as de or ar."
    )
    notices_refused_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when the person wants no mail."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entities"
        indexes = [
            models.Index(fields=["project", "tenant_id"], name="entity_by_tenant"),
            # Searched for by how they begin, in any case.
            models.Index(
                OpClass(Upper("user_id"), name="text_pattern_ops"), name="entity_user_id_begins"
            ),
            models.Index(
                OpClass(Upper("tenant_id"), name="text_pattern_ops"),
                name="entity_tenant_id_begins",
                condition=~Q(tenant_id=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "user_id"], name="entity_user_id_unique")
        ]

    def __str__(self) -> str:
        return self.user_id
