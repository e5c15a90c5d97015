"""Nothing crosses projects: the one place that narrows rows to those a caller may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from integrations.models.project import Project

Row = TypeVar("Row", bound=models.Model, covariant=True)  # noqa: PLC0105 - as Django names it


EVERY_PROJECT = "integrations.every_project"


def sees_every_project(user: User | AnonymousUser) -> bool:
    """Whether a person is restricted to no project: superusers, and who has the permission."""
    return user.is_superuser or user.has_perm(EVERY_PROJECT)


def projects_of(user: User | AnonymousUser) -> list[str]:
    """Return the ids of the projects that a person is a member of.

    As values and not as a join, so that the planner knows which rows are asked for: the newest
    accounts of an old project stand far from the newest of all.
    """
    if user.is_anonymous:
        return []
    return list(user.projects.order_by("pk").values_list("pk", flat=True))


class ProjectScopedQuerySet(models.QuerySet[Row]):
    """Rows that belong to a project through their ``project`` column."""

    def in_project(self, project: Project) -> Self:
        """Narrow to one project: what an API key of that project may see."""
        return self.filter(project=project)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Narrow to what a person in the admin may see: staff their projects, some all."""
        if sees_every_project(user):
            return self.all()
        return self.filter(project__in=projects_of(user))


class ProjectScopedModel(models.Model):
    """Base of every model whose rows belong to one project."""

    project = models.ForeignKey("integrations.Project", on_delete=models.PROTECT, editable=False)

    objects: ClassVar = ProjectScopedQuerySet.as_manager()

    class Meta:
        abstract = True
