"""Routes of the project itself: its settings and its logo."""

from datetime import datetime

from ninja import Router, Schema, Status
from pydantic import Field

from integrations.api.access import ApiRequest, requires
from integrations.api.text import RequiredText, Text
from integrations.branding import logo_url
from integrations.branding.logos import remove_logo, set_logo
from integrations.models import Project
from integrations.models.api_key import Scope
from integrations.projects import update_project

router = Router(tags=["project"])

_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_LOGO_BODY = {
    "requestBody": {
        "required": True,
        "content": {"image/png": _PICTURE, "image/jpeg": _PICTURE, "image/webp": _PICTURE},
    }
}


class ProjectOut(Schema):
    """The project whose key was given."""

    id: str
    name: str = Field(description="On every hosted page and in every mail.")
    accent_color: str = Field(description="As #rrggbb; empty: Evergrant's own.")
    logo_url: str = Field(description="Of the PNG that is shown; empty: the initials stand in.")
    allowed_callback_urls: list[str]
    privacy_url: str
    support_url: str
    verification_url: str
    sends_expiry_notices: bool
    created_at: datetime

    @staticmethod
    def resolve_logo_url(project: Project) -> str:
        return logo_url(project)


class ProjectChangeIn(Schema):
    """What to change; what is left out stays, and an empty text takes a setting away."""

    name: RequiredText | None = None
    accent_color: Text | None = Field(
        None, description="#rrggbb, on which white text has a contrast of 4.5 to 1 at least."
    )
    allowed_callback_urls: list[Text] | None = Field(
        None, description="All of them. https, or http on this computer; at most 100."
    )
    privacy_url: Text | None = Field(None, description="https; the pages link to it.")
    support_url: Text | None = Field(None, description="https or mailto; the pages link to it.")
    verification_url: Text | None = Field(
        None, description="https; people come here after consenting, for the app to confirm them."
    )
    sends_expiry_notices: bool | None = None


@router.get("/project", response=ProjectOut)
@requires(Scope.READ)
def get(request: ApiRequest) -> Project:
    """The project that the key belongs to."""
    return request.auth.project


@router.patch("/project", response=ProjectOut)
@requires(Scope.SETTINGS)
def update(request: ApiRequest, body: ProjectChangeIn) -> Project:
    """Change settings. Links that were made already keep their callback URL."""
    return update_project(project=_own(request), **body.dict(exclude_none=True))


@router.put("/project/logo", response=ProjectOut, openapi_extra=_LOGO_BODY)
@requires(Scope.SETTINGS)
def put_logo(request: ApiRequest) -> Project:
    """Set the logo: the body is a PNG, JPEG or WebP of up to 256 KB. It is drawn anew."""
    project = _own(request)
    set_logo(project=project, data=request.body)
    return project


@router.delete("/project/logo", response={204: None})
@requires(Scope.SETTINGS)
def delete_logo(request: ApiRequest) -> Status[None]:
    """Take the logo away: the project's initials stand in."""
    remove_logo(project=_own(request))
    return Status(204, None)


def _own(request: ApiRequest) -> Project:
    """Return the caller's project, to be changed: the key's own object is shared by all calls."""
    return Project.objects.get(pk=request.auth.project_id)
