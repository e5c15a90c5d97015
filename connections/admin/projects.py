"""Projects, with the way to the incident that ends everything of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.template.response import TemplateResponse

from connections.admin.incidents import incident_url
from connections.bulk.wording import INCIDENT_BUTTON
from connections.models.bulk import INCIDENT_PERMISSION, Extent
from integrations.admin.projects import ProjectAdmin
from integrations.models import Project

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# integrations shows them without knowing of accounts.
admin.site.unregister(Project)


@admin.register(Project)
class UsedProjectAdmin(ProjectAdmin):
    """A project whose accounts can all be revoked."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        answer = super().render_change_form(request, context, *args, **kwargs)
        row = kwargs.get("obj")
        if row is None or not request.user.has_perm(INCIDENT_PERMISSION):
            return answer
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            url = incident_url(Extent.PROJECT, row.pk)
            offered = answer.context_data.get("operations") or []
            answer.context_data["operations"] = [
                *offered,
                {"operation": INCIDENT_BUTTON, "url": url},
            ]
        return answer
