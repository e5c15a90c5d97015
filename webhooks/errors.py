"""What callers of this app's operations may be told.

EvergrantError
└── WebhooksError
    ├── UnknownEventType     400
    ├── EndpointUrlRefused   400
    ├── InvalidOverlap       400
    ├── EndpointNotFound     404
    ├── EndpointDisabled     409
    └── TooManySecrets       409
"""

from integrations.errors import EvergrantError


class WebhooksError(EvergrantError):
    """An event or a webhook endpoint is not as it should be."""


class UnknownEventType(WebhooksError):
    """There is no event type of that name to subscribe to."""

    code = "unknown_event_type"
    status = 400


class EndpointUrlRefused(WebhooksError):
    """Evergrant does not deliver to that URL."""

    code = "endpoint_url_refused"
    status = 400


class InvalidOverlap(WebhooksError):
    """Two secrets may sign side by side for at most seven days."""

    code = "invalid_overlap"
    status = 400


class EndpointNotFound(WebhooksError):
    """There is no such webhook endpoint in this project."""

    code = "not_found"
    status = 404


class EndpointDisabled(WebhooksError):
    """The webhook endpoint is disabled; enable it first."""

    code = "endpoint_disabled"
    status = 409


class TooManySecrets(WebhooksError):
    """Five secrets of this endpoint sign already. Wait for one to end, or take the old ones out.

    Over the API, an overlap of no seconds takes them out at once.
    """

    code = "too_many_secrets"
    status = 409
