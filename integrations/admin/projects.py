"""Projects: the tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse

from integrations.admin.base import ScopedAdmin
from integrations.admin.marks import Header, code
from integrations.admin.project_form import NewProjectForm, ProjectForm
from integrations.admin.project_members import add_member, remove_member
from integrations.admin.project_page import page_context, told_colors
from integrations.branding.verdict import judge
from integrations.models import Project
from integrations.models.scoping import sees_every_project
from integrations.moments import when

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

LONGEST_COLOR = 40


@admin.register(Project)
class ProjectAdmin(ScopedAdmin):
    """A tenant. Staff see the projects they are members of, some all."""

    form = ProjectForm
    change_form_template = "admin/integrations/project.html"
    list_display = ("name", "identifier", "created")
    search_fields = ("name", "id__exact")
    fieldsets = (
        ("General", {"fields": ("name",)}),
        ("Branding", {"fields": ("accent_color", "logo", "remove_logo")}),
        ("Callback URLs", {"fields": ("allowed_callback_urls",)}),
        ("Links", {"fields": ("privacy_url", "support_url", "verification_url")}),
        ("Notices", {"fields": ("sends_expiry_notices",)}),
    )
    add_fieldsets = ((None, {"fields": ("name",)}),)

    def get_urls(self) -> list[URLPattern]:
        colors = self.admin_site.admin_view(self.colors_view)
        members = self.admin_site.admin_view(self.members_view)
        return [
            path("colors/", colors, name="integrations_project_colors"),
            path("<path:object_id>/members/", members, name="integrations_project_members"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Project | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        # Only the form has these: whoever may not change it sees the page's own picture.
        return self.fieldsets if self.has_change_permission(request, obj) else ()

    def get_form(
        self,
        request: HttpRequest,
        obj: Project | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewProjectForm
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what belongs to a project protects it."""
        return False

    def get_header(self, request: HttpRequest, obj: Project) -> Header:
        return Header(title=obj.name, subtitle=obj.pk)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        project: Project | None = kwargs.get("obj")
        if project is not None:
            color = project.accent_color
            if self.has_change_permission(request, project):
                color = str(context["adminform"].form["accent_color"].value() or "")
            context |= page_context(project, request, _user(request), color)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        super().save_model(request, obj, form, change)
        if isinstance(form, ProjectForm):
            form.save_logo()
            request.told_changes = form.told_changes()  # type: ignore[attr-defined]
        elif not sees_every_project(request.user):
            obj.members.add(_user(request))

    def response_add(
        self, request: HttpRequest, obj: Project, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"{obj} is there. Say what its pages look like and lead to.")
        return HttpResponseRedirect(self._page_of(obj))

    def response_change(self, request: HttpRequest, obj: Project) -> HttpResponse:
        changes: list[str] = request.told_changes  # type: ignore[attr-defined]
        if changes:
            messages.success(request, f"Saved: {', '.join(changes)}.")
        else:
            messages.info(request, "Nothing was changed.")
        return HttpResponseRedirect(self._page_of(obj))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record what changed, if anything did."""
        changed = sorted({name.removeprefix("remove_") for name in message})
        return super().log_change(request, obj, changed) if changed else None

    def colors_view(self, request: HttpRequest) -> HttpResponse:
        """Say whether a colour can be had, and what the pages would look like with it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        verdict = judge(request.GET.get("color", "")[:LONGEST_COLOR])
        told = {
            "color": verdict.color,
            "passes": verdict.passes,
            "words": verdict.words,
            "suggestion": verdict.suggestion,
        }
        return JsonResponse(told | told_colors(verdict.colors))

    def members_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add or remove a member, and go back to the list of them."""
        project = cast("Project", self.get_object(request, unquote(object_id)))
        if not request.user.has_perm("integrations.assign_members"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if removed := request.POST.get("remove"):
            user = remove_member(project=project, user_id=removed, request=request)
            messages.success(request, f"{user} does not see {project} any more.")
        else:
            added = request.POST.get("add", "")
            user = add_member(project=project, user_id=added, request=request)
            messages.success(request, f"{user} sees {project} now.")
        return HttpResponseRedirect(f"{self._page_of(project)}?tab=members")

    def _page_of(self, project: Project) -> str:
        return reverse("admin:integrations_project_change", args=[quote(project.pk)])

    @admin.display(description="ID")
    def identifier(self, project: Project) -> SafeString | str:
        return code(project.pk)

    @admin.display(description="Created", ordering="id")
    def created(self, project: Project) -> SafeString | str:
        return when(project.created_at)


def _user(request: HttpRequest) -> User:
    """Return the member of staff, whom the admin has let in."""
    return cast("User", request.user)
