"""Tools of an auth config: imported, or written by hand. Those that ship are files."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from integrations.ids import IdField
from integrations.models.auth_config import AuthConfig
from integrations.models.scoping import ProjectScopedModel, ProjectScopedQuerySet
from integrations.tools.definition import ToolDefinition


class Source(models.TextChoices):
    """Where a tool comes from."""

    OPENAPI = "openapi", "Imported from an OpenAPI document"
    FILE = "file", "Written by hand"


class ToolQuerySet(ProjectScopedQuerySet["Tool"]):
    """Tools by whose they are."""

    def of(self, auth_config: AuthConfig) -> Self:
        """Narrow to those of one auth config, in the order of their names."""
        return self.filter(auth_config=auth_config).order_by("name")


class Tool(ProjectScopedModel):
    """One tool, as `integrations.tools.ToolDefinition` has it."""

    id = IdField("tl")
    auth_config = models.ForeignKey(AuthConfig, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=64)
    definition = models.JSONField()
    source = models.CharField(max_length=20, choices=Source)
    origin = models.CharField(
        max_length=200, blank=True, help_text="The title and version of what it was imported from."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = ToolQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["auth_config", "name"], name="one_tool_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def parsed(self) -> ToolDefinition:
        """Its definition. Raises ValueError where a later version knows it no more."""
        return ToolDefinition.model_validate(self.definition)

    def redefine(self, tool: ToolDefinition, *, source: Source, origin: str) -> None:
        """Put ``tool`` in the place of what it was, and save. The name stays."""
        self.definition, self.source, self.origin = tool.as_data(), source, origin[:200]
        self.save(update_fields=["definition", "source", "origin", "updated_at"])
