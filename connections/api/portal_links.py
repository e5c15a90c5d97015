"""Routes of portal links that were made."""

from ninja import Router, Status

from connections.actors import api_key
from connections.models import PortalLink
from connections.portal.withdrawing import withdraw_portal_link
from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.models.api_key import Scope

router = Router(tags=["entities"])


@router.delete("/{portal_link_id}", response={204: None})
@requires(Scope.WRITE)
def withdraw(request: ApiRequest, portal_link_id: str) -> Status[None]:
    """Withdraw the link before its end: the portal closes, in the browser that opened it too."""
    link = get_or_404(request, PortalLink.objects.all(), portal_link_id)
    withdraw_portal_link(link=link, actor=api_key(request.auth))
    return Status(204, None)
