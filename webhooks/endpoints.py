"""Operations on the URLs that receive events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction
from django.utils import timezone

from integrations import outbound
from integrations.secrets import Secret
from webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EndpointUrlRefused,
    InvalidOverlap,
    UnknownEventType,
)
from webhooks.former_secrets import forget_former, retire_secret
from webhooks.models import Delivery, DeliveryStatus, Endpoint, Event, EventType
from webhooks.recording import record_event
from webhooks.signing import new_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.models import Project

DEFAULT_OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=7)
SECRETS: Final = ("secret", "previous_secret", "previous_secret_until", "older_secrets")
# A test event goes to the one endpoint it is for; nobody subscribes to it.
SUBSCRIBABLE: Final = tuple(kind.value for kind in EventType if kind is not EventType.TEST)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CreatedEndpoint:
    """An endpoint and the secret it signs with, which is told this once."""

    endpoint: Endpoint
    secret: Secret


def create_endpoint(
    *,
    project: Project,
    url: str,
    description: str = "",
    event_types: Iterable[str] = (),
    tenant_id: str = "",
) -> CreatedEndpoint:
    """Add an endpoint to ``project``.

    Args:
        url: where to POST; public, https (or loopback where the outbound door allows it).
        event_types: values of `EventType`; none means all.
        tenant_id: receive only events of this customer of the app.

    Raises:
        EndpointUrlRefused, UnknownEventType.
    """
    types = _vet_event_types(event_types)
    _vet_url(url)
    secret = new_secret()
    endpoint = Endpoint(
        project=project,
        url=url,
        description=description,
        event_types=types,
        tenant_id=tenant_id,
        secret=secret,
    )
    endpoint.save(force_insert=True)
    return CreatedEndpoint(endpoint=endpoint, secret=secret)


def update_endpoint(
    *,
    endpoint: Endpoint,
    url: str | None = None,
    description: str | None = None,
    event_types: Iterable[str] | None = None,
    tenant_id: str | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Change what is not None; return the endpoint as it is now.

    Raises:
        EndpointUrlRefused, UnknownEventType, EndpointNotFound.
    """
    given = {
        "url": url,
        "description": description,
        "event_types": None if event_types is None else _vet_event_types(event_types),
        "tenant_id": tenant_id,
    }
    changes: dict[str, Any] = {name: new for name, new in given.items() if new is not None}
    if url is not None:
        _vet_url(url)
    with transaction.atomic():
        endpoint = _lock(endpoint)
        if url is not None and url != endpoint.url:
            # Of another address nothing is known yet. A form sends the same one along.
            changes["failing_since"] = None
        for name, value in changes.items():
            setattr(endpoint, name, value)
        endpoint.save(update_fields=list(changes))
        if enabled is True:
            return enable_endpoint(endpoint=endpoint)
        if enabled is False:
            return disable_endpoint(endpoint=endpoint, reason="Disabled by the app.")
    return endpoint


def rotate_secret(*, endpoint: Endpoint, overlap: timedelta = DEFAULT_OVERLAP) -> CreatedEndpoint:
    """Give the endpoint a new secret; the old one signs beside it for ``overlap``.

    Those of earlier rotations go on until their own time: whoever rotates again, because the answer
    was lost, breaks no receiver. An overlap of nothing takes all of them out at once: for one that
    has leaked. One that does not open signs nothing, so there is no overlap with it.

    Raises:
        InvalidOverlap, EndpointNotFound, TooManySecrets.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise InvalidOverlap
    now = timezone.now()
    secret = new_secret()
    with transaction.atomic():
        endpoint = _lock(endpoint)
        if overlap:
            retire_secret(endpoint, until=now + overlap, now=now)
        else:
            forget_former(endpoint)
        endpoint.secret = secret
        endpoint.save(update_fields=SECRETS)
    return CreatedEndpoint(endpoint=endpoint, secret=secret)


def enable_endpoint(*, endpoint: Endpoint) -> Endpoint:
    """Let later events flow again; those from before stay skipped. No-op where it is enabled."""
    with transaction.atomic():
        endpoint = _lock(endpoint)
        if not endpoint.enabled:
            _skip_pending(endpoint)
            endpoint.enabled, endpoint.disabled_reason, endpoint.failing_since = True, "", None
            endpoint.save(update_fields=["enabled", "disabled_reason", "failing_since"])
    return endpoint


def disable_endpoint(*, endpoint: Endpoint, reason: str) -> Endpoint:
    """Deliver nothing more to it; what waits is skipped. No-op where it is disabled.

    Args:
        reason: for people; shown in the API and the admin.
    """
    with transaction.atomic():
        endpoint = _lock(endpoint)
        if endpoint.enabled:
            endpoint.enabled, endpoint.disabled_reason = False, reason
            endpoint.save(update_fields=["enabled", "disabled_reason"])
            _skip_pending(endpoint)
            log.warning("webhook_endpoint_disabled", endpoint=endpoint.pk, reason=reason)
    return endpoint


def delete_endpoint(*, endpoint: Endpoint) -> None:
    """Take the endpoint away with its secrets; its deliveries stay as history."""
    with transaction.atomic():
        endpoint = _lock(endpoint)
        disable_endpoint(endpoint=endpoint, reason="Deleted.")
        endpoint.deleted_at = timezone.now()
        endpoint.secret = Secret("")
        forget_former(endpoint)
        endpoint.save(update_fields=["deleted_at", *SECRETS])


def send_test_event(*, endpoint: Endpoint) -> Event:
    """Record an event for this endpoint alone; it replaces a test that still waits.

    Raises:
        EndpointDisabled, EndpointNotFound.
    """
    with transaction.atomic():
        endpoint = _lock(endpoint)
        if not endpoint.enabled:
            raise EndpointDisabled
        # Or the new test would wait for the retries of the one before.
        _skip_pending(endpoint, subject_id=endpoint.pk)
        return record_event(
            project=endpoint.project,
            type=EventType.TEST,
            subject_id=endpoint.pk,
            data={"endpoint_id": endpoint.pk, "project_id": endpoint.project_id},
            now=timezone.now(),
            endpoints=[endpoint],
        )


def _lock(endpoint: Endpoint) -> Endpoint:
    """Read the row again, locked. Without its key: events that are recorded for it do not wait."""
    rows = Endpoint.objects.living().select_for_update(no_key=True)
    locked = rows.filter(pk=endpoint.pk).first()
    if locked is None:
        raise EndpointNotFound
    return locked


def _skip_pending(endpoint: Endpoint, **narrowed: str) -> None:
    waiting = Delivery.objects.pending().filter(endpoint=endpoint, **narrowed)
    waiting.update(status=DeliveryStatus.SKIPPED, next_attempt_at=None)


def _vet_event_types(names: Iterable[str]) -> list[str]:
    wanted = set(names)
    if unknown := sorted(wanted - set(SUBSCRIBABLE)):
        message = f"Unknown event types: {', '.join(unknown)}."
        raise UnknownEventType(message, unknown=unknown, known=SUBSCRIBABLE)
    return sorted(wanted)


def _vet_url(url: str) -> None:
    try:
        outbound.vet_url(url)
    except outbound.OutboundError as error:
        message = f"Evergrant does not deliver to that URL: {error}."
        raise EndpointUrlRefused(message, reason=error.code) from None
