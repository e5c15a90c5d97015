"""The root of every error that a caller of Evergrant may see.

    EvergrantError
    ├── IntegrationsError   (this app)
    ├── WebhooksError       (webhooks.errors)
    └── ConnectionsError    (connections.errors)

The docstring of a class is its message unless one is given; ``code`` and ``status`` are on the
class; `config.api` turns them into the one error shape of the API.
"""

from typing import Any, ClassVar


class EvergrantError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    # Whether the same call may succeed later without anything being changed.
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", **details: Any) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.details = details
        super().__init__(self.message)


class IntegrationsError(EvergrantError):
    """A project, API key, auth config or toolkit is not as it should be."""


class NotFound(IntegrationsError):
    """There is no such thing in this project."""

    code = "not_found"
    status = 404


class InvalidInput(IntegrationsError):
    """The request is not valid."""

    code = "invalid_request"
    status = 400


class MissingScope(IntegrationsError):
    """The API key may not do this."""

    code = "insufficient_scope"
    status = 403


class LogoRefused(IntegrationsError):
    """The logo is not a PNG, JPEG or WebP picture that can be read."""

    code = "logo_refused"
    status = 400


class NoManagedApp(IntegrationsError):
    """This instance has no OAuth app of its own for that toolkit: bring a client of yours."""

    code = "no_managed_app"
    status = 409


class SeveralManagedApps(IntegrationsError):
    """This instance has several OAuth apps for that toolkit: name one in ``managed_app_id``."""

    code = "several_managed_apps"
    status = 409


class ApiKeyOver(IntegrationsError):
    """This API key is revoked or has expired, so it is not replaced. Make a new one."""

    code = "api_key_over"
    status = 409


class StillInUse(IntegrationsError):
    """Accounts were connected with this auth config. Disable it instead."""

    code = "still_in_use"
    status = 409
