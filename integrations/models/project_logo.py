"""A project's logo: at most 256 by 256 pixels, so it lives in the database like the project."""

from __future__ import annotations

from django.db import models

from integrations.models.scoping import ProjectScopedModel


class ProjectLogo(ProjectScopedModel):
    """The PNG that `integrations.branding.logos` drew; nothing else is ever put here.

    It is handed out by its digest, so one address always shows the same picture.
    """

    project = models.OneToOneField(
        "integrations.Project", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    digest = models.CharField(max_length=64, db_index=True)
    png = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        # Nobody works on it but through its project.
        default_permissions = ()

    def __str__(self) -> str:
        return f"Logo of {self.project_id}"
