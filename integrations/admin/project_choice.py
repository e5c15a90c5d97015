"""The choice of a project on a page that makes something new in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from integrations.admin.base import visible_rows
from integrations.models import Project

if TYPE_CHECKING:
    from django.http import HttpRequest


class InProjectForm(forms.ModelForm[Any]):
    """Asks for the project of a new row; an existing row stays where it is."""

    request: HttpRequest

    project = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        widget=UnfoldAdminSelectWidget,
        empty_label="Select a project",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.project_id:
            del self.fields["project"]
            return
        projects = visible_rows(Project, self.request)
        field = cast("forms.ModelChoiceField[Project]", self.fields["project"])
        field.queryset = projects
        only, *others = [*projects[:2], None]
        field.initial = only if others == [None] else None

    def clean(self) -> dict[str, Any]:
        """Put a new row into its project before the model is validated and anything is sealed."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("project") is not None:
            self.instance.project = cleaned["project"]
        return cleaned


def for_request(form: type[forms.ModelForm[Any]], request: HttpRequest) -> type[InProjectForm]:
    """Return ``form``, an `InProjectForm`, with the request whose person chooses the project."""
    return cast("type[InProjectForm]", type(form.__name__, (form,), {"request": request}))
