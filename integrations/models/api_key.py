"""Keys that an app's server calls the API with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from integrations.ids import IdField
from integrations.models.scoping import ProjectScopedModel, ProjectScopedQuerySet
from integrations.statements import rows
from integrations.tokens import digest, new_token

KEY_PREFIX = "eg_"
# `last_used_at` is for people; writing it more often would make every read a write.
LAST_USED_PRECISION = timedelta(minutes=1)
MOST_KEPT = 1000
# By digest: which version of the rows, and the key with its project. Each step on it is atomic, so
# threads need no lock.
_kept: dict[str, tuple[str, ApiKey]] = {}
# What PostgreSQL calls the version of a row: every change of it makes another.
_VERSION = """
SELECT api_key.xmin::text || api_key.ctid::text || project.xmin::text || project.ctid::text
FROM integrations_apikey AS api_key
JOIN integrations_project AS project ON project.id = api_key.project_id
WHERE api_key.digest = %(digest)s
"""


class Scope(models.TextChoices):
    """What an API key may do."""

    READ = "read", "Read everything but credentials"
    WRITE = "write", "Create and change"
    CREDENTIALS = "credentials", "Read credentials"
    SETTINGS = "settings", "Change the project's settings"


def default_scopes() -> list[str]:
    """A new key reads and writes; handing out credentials is asked for."""
    return [Scope.READ, Scope.WRITE]


class ApiKeyQuerySet(ProjectScopedQuerySet["ApiKey"]):
    """API keys by what they are worth."""

    def valid(self, *, now: datetime) -> Self:
        """Keys that are neither revoked nor expired."""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at__isnull=True)

    def presented(self, key: str, *, now: datetime) -> ApiKey | None:
        """Return the valid key whose text is ``key``, with its project.

        Every call of the API begins with it. So the database is asked for the versions of the two
        rows only, and for the rows where they changed: a revoked key is refused at once. Calls
        share the object, and none may change it.
        """
        name = digest(key)
        known = rows(_VERSION, {"digest": name})
        if not known:
            return None
        [(version,)] = known
        kept = _kept.get(name)
        if kept is None or kept[0] != version:
            row = self.filter(digest=name).select_related("project").first()
            if row is None:
                return None
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            kept = _kept[name] = (version, row)
        return kept[1] if kept[1].is_valid(now=now) else None


class ApiKey(ProjectScopedModel):
    """A key of a project. The text is shown once; a digest is kept."""

    id = IdField("ak")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="How the key begins.")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), default=default_scopes)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    def is_valid(self, *, now: datetime) -> bool:
        """Whether it is neither revoked nor expired; as `ApiKeyQuerySet.valid`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def issue(self) -> str:
        """Give this unsaved key its text, save it, and return the text: it is not kept."""
        text = new_token(KEY_PREFIX)
        self.digest, self.hint = digest(text), text[: len(KEY_PREFIX) + 6]
        self.save()
        return text

    def note_use(self, *, now: datetime) -> None:
        """Remember that the key was used, to the minute."""
        if self.last_used_at is None or now - self.last_used_at >= LAST_USED_PRECISION:
            type(self).objects.filter(pk=self.pk).update(last_used_at=now)
