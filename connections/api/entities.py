"""Routes of entities: the app's users."""

from ninja import Router, Status

from connections.actors import api_key
from connections.api.schemas import EntityIn, EntityOut, PortalLinkIn, PortalLinkOut
from connections.models import Entity
from connections.operations import update_entity as update
from connections.portal.issuing import issue_portal_link
from integrations.api.access import ApiRequest, requires
from integrations.errors import NotFound
from integrations.models.api_key import Scope

router = Router(tags=["entities"])


def find_entity(request: ApiRequest, user_id: str) -> Entity:
    """Return the caller's user of that id, which is the app's own. Raises NotFound.

    Ids of ours are not taken here: where people choose their ``user_id`` themselves, one could be
    another entity's id.
    """
    # PostgreSQL would refuse a NUL with an error; no id holds one.
    users = Entity.objects.in_project(request.auth.project).select_related("project")
    entity = None if "\x00" in user_id else users.filter(user_id=user_id).first()
    if entity is None:
        message = f"There is no entity {user_id!r} in this project."
        raise NotFound(message)
    return entity


# A user's id may hold a slash.
@router.post("/{path:user_id}/portal_link", response={201: PortalLinkOut})
@requires(Scope.WRITE)
def portal_link(
    request: ApiRequest, user_id: str, body: PortalLinkIn | None = None
) -> Status[PortalLinkOut]:
    """Make a link on which one of your users sees, reconnects and disconnects the accounts."""
    body = body or PortalLinkIn()
    issued = issue_portal_link(
        entity=find_entity(request, user_id),
        actor=api_key(request.auth),
        callback_url=body.callback_url,
        expires_in=body.expires_in,
    )
    link = issued.link
    return Status(201, PortalLinkOut(id=link.pk, url=issued.url, expires_at=link.expires_at))


@router.get("/{path:user_id}", response=EntityOut)
@requires(Scope.READ)
def get_entity(request: ApiRequest, user_id: str) -> Entity:
    """One of your users."""
    return find_entity(request, user_id)


@router.patch("/{path:user_id}", response=EntityOut)
@requires(Scope.WRITE)
def update_entity(request: ApiRequest, user_id: str, body: EntityIn) -> Entity:
    """Say what has changed about one of your users: the address, for one."""
    return update(entity=find_entity(request, user_id), changes=body.dict(exclude_none=True))
