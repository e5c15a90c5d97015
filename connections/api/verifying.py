"""The app says who is signed in."""

from ninja import Router

from connections.actors import api_key
from connections.api.accounts import find_account
from connections.api.schemas import VerifyIn, VerifyOut
from connections.connect.verifying import verify_user
from integrations.api.access import ApiRequest, requires
from integrations.models.api_key import Scope

router = Router(tags=["connected accounts"])


@router.post("/{account_id}/verify", response=VerifyOut)
@requires(Scope.WRITE)
def verify(request: ApiRequest, account_id: str, body: VerifyIn) -> VerifyOut:
    """Say who is signed in to your app, so that the account is connected if it is its user.

    Asked for where the project has a verification URL: the person comes there from the service,
    and nothing is exchanged before this call.
    """
    verification = verify_user(
        account=find_account(request, account_id),
        user_id=body.user_id,
        token=body.verification_token,
        actor=api_key(request.auth),
    )
    return VerifyOut.of(verification)
