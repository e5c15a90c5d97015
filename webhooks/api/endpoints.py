"""Routes of webhook endpoints."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from ninja import Query, Router, Schema, Status
from pydantic import Field

from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, PageQuery, paginate
from integrations.api.text import ShortText, Text
from integrations.models.api_key import Scope
from webhooks.api.events import EventOut
from webhooks.endpoints import (
    DEFAULT_OVERLAP,
    MAX_OVERLAP,
    CreatedEndpoint,
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    send_test_event,
    update_endpoint,
)
from webhooks.models import Endpoint

router = Router(tags=["webhook_endpoints"])

Url = Annotated[Text, Field(description="Public, https; events are POSTed to it.")]
Description = Annotated[ShortText, Field(max_length=200)]
EventTypes = Annotated[
    list[str], Field(max_length=50, description="Kinds of events to receive; empty means all.")
]
TenantId = Annotated[
    ShortText,
    Field(description="Receive only events of this customer of the app; empty means of all."),
]


class EndpointCreate(Schema):
    """A new endpoint."""

    url: Url
    description: Description = ""
    event_types: EventTypes = []
    tenant_id: TenantId = ""


class EndpointUpdate(Schema):
    """Changes of an endpoint; what is absent or null stays."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    tenant_id: TenantId | None = None
    enabled: bool | None = None


class SecretRotation(Schema):
    """How to change the secret."""

    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_OVERLAP // timedelta(seconds=1),
            description="How long the old secret signs beside the new one; 0 takes it out at once, "
            "and with it all that still sign since earlier rotations.",
        ),
    ] = DEFAULT_OVERLAP // timedelta(seconds=1)


class EndpointOut(Schema):
    """An endpoint."""

    id: str
    url: str
    description: str
    event_types: list[str]
    tenant_id: str
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class EndpointWithSecret(EndpointOut):
    """An endpoint with its secret, which is told this once."""

    secret: Annotated[str, Field(description="`whsec_...`, for a Standard Webhooks library.")]

    @staticmethod
    def of(created: CreatedEndpoint) -> dict[str, Any]:
        """Return what the schema takes."""
        shown = EndpointOut.from_orm(created.endpoint).dict()
        return {**shown, "secret": created.secret.reveal()}


@router.post("", response={201: EndpointWithSecret}, summary="Create a webhook endpoint")
@requires(Scope.WRITE)
def create(request: ApiRequest, body: EndpointCreate) -> Status[Any]:
    """Add a URL that receives events. The answer holds its signing secret, shown this once."""
    created = create_endpoint(project=request.auth.project, **body.dict())
    return Status(201, EndpointWithSecret.of(created))


@router.get("", response=Page[EndpointOut], summary="List webhook endpoints")
@requires(Scope.READ)
def list_endpoints(request: ApiRequest, page: Query[PageQuery]) -> Any:
    """Newest first."""
    return paginate(Endpoint.objects.living().in_project(request.auth.project), page)


@router.get("/{endpoint_id}", response=EndpointOut, summary="Get a webhook endpoint")
@requires(Scope.READ)
def get(request: ApiRequest, endpoint_id: str) -> Any:
    """One endpoint, with why it is disabled and since when it fails."""
    return get_or_404(request, Endpoint.objects.living(), endpoint_id)


@router.patch("/{endpoint_id}", response=EndpointOut, summary="Change, enable or disable")
@requires(Scope.WRITE)
def update(request: ApiRequest, endpoint_id: str, body: EndpointUpdate) -> Any:
    """Change what is given. Disabling skips what waits; enabling lets later events flow."""
    endpoint = get_or_404(request, Endpoint.objects.living(), endpoint_id)
    return update_endpoint(endpoint=endpoint, **body.dict())


@router.delete("/{endpoint_id}", response={204: None}, summary="Delete")
@requires(Scope.WRITE)
def delete(request: ApiRequest, endpoint_id: str) -> Status[None]:
    """Deliver nothing more to it."""
    delete_endpoint(endpoint=get_or_404(request, Endpoint.objects.living(), endpoint_id))
    return Status(204, None)


@router.post(
    "/{endpoint_id}/rotate_secret", response=EndpointWithSecret, summary="Change the signing secret"
)
@requires(Scope.WRITE)
def rotate(request: ApiRequest, endpoint_id: str, body: SecretRotation | None = None) -> Any:
    """Give it a new secret, shown this once. Both sign for 24 hours unless told otherwise.

    Called again, it takes no secret out that still has its time, so a lost answer does no harm:
    up to four sign beside the new one.
    """
    endpoint = get_or_404(request, Endpoint.objects.living(), endpoint_id)
    overlap = timedelta(seconds=(body or SecretRotation()).overlap_seconds)
    return EndpointWithSecret.of(rotate_secret(endpoint=endpoint, overlap=overlap))


@router.post("/{endpoint_id}/test", response={202: EventOut}, summary="Send a test event")
@requires(Scope.WRITE)
def test(request: ApiRequest, endpoint_id: str) -> Status[Any]:
    """Send `endpoint.test` to this endpoint alone; what came of it is in the event's deliveries."""
    endpoint = get_or_404(request, Endpoint.objects.living(), endpoint_id)
    return Status(202, send_test_event(endpoint=endpoint).payload())
