"""allauth's calls to the identity provider, through the one door for outgoing calls."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from integrations import outbound
from integrations.outbound import OutboundError, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.outbound import AuthBase, Response


class DoorSession:
    """What allauth uses of a session of `requests`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        """Nothing is kept open."""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> DoorAnswer:
        """Fetch the provider's configuration or keys, or with a token what it says of a person."""
        role = Role.IDENTITY if headers else Role.DISCOVERY
        return _send(role=role, method="GET", url=url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: AuthBase | None = None,
    ) -> DoorAnswer:
        """Exchange a code."""
        return _send(role=Role.TOKEN, method=method, url=url, form=data, headers=headers, auth=auth)


class DoorAnswer:
    """What allauth reads of an answer. Nothing of its body gets into an error."""

    content = b"(not kept)"
    text = ""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.status_code = response.status
        # So that an answer is read as JSON whatever it says it is: nothing else is expected.
        self.headers = {"content-type": "application/json"}

    def json(self) -> Any:
        """Return the body. Raises OAuth2Error: it is not JSON."""
        try:
            return self._response.json()
        except OutboundError as error:
            raise OAuth2Error(error.code) from None

    def raise_for_status(self) -> None:
        """Raise OAuth2Error for everything but a 200: redirects are not followed."""
        if self.status_code != HTTPStatus.OK:
            raise OAuth2Error(f"status_{self.status_code}")


def _send(**call: Any) -> DoorAnswer:
    try:
        return DoorAnswer(outbound.send(**call))
    except OutboundError as error:
        raise OAuth2Error(error.code) from None
