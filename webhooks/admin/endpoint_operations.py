"""What an operator can do with an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.admin.operations import Done, Operation
from webhooks import endpoints

if TYPE_CHECKING:
    from django.http import HttpRequest

    from webhooks.models import Endpoint


def _test(endpoint: Endpoint, _request: HttpRequest, _note: str) -> Done:
    event = endpoints.send_test_event(endpoint=endpoint)
    return Done(message=f"a test event is on its way ({event.pk}).")


def _enable(endpoint: Endpoint, _request: HttpRequest, _note: str) -> Done:
    endpoints.enable_endpoint(endpoint=endpoint)
    return Done(message="enabled.")


def _disable(endpoint: Endpoint, request: HttpRequest, _note: str) -> Done:
    reason = f"Disabled by {request.user.get_username()}."[:200]
    endpoints.disable_endpoint(endpoint=endpoint, reason=reason)
    return Done(message="disabled; what was waiting is skipped.")


def _rotate(endpoint: Endpoint, _request: HttpRequest, _note: str) -> Done:
    created = endpoints.rotate_secret(endpoint=endpoint)
    return Done(message="has a new secret.", shown_once=created.secret)


def _delete(endpoint: Endpoint, _request: HttpRequest, _note: str) -> Done:
    endpoints.delete_endpoint(endpoint=endpoint)
    return Done(message="deleted.")


OPERATIONS = (
    Operation(
        name="test",
        title="Send test event",
        icon="send",
        permission="webhooks.operate_endpoint",
        consequence="An endpoint.test event is delivered to this endpoint only.",
        run=_test,
        applies=lambda endpoint: endpoint.enabled,
    ),
    Operation(
        name="enable",
        title="Enable",
        icon="play_arrow",
        permission="webhooks.operate_endpoint",
        consequence="Events from now on are delivered; those from before are not.",
        run=_enable,
        applies=lambda endpoint: not endpoint.enabled,
    ),
    Operation(
        name="disable",
        title="Disable",
        icon="pause",
        permission="webhooks.operate_endpoint",
        consequence="Nothing more is delivered, and what waits is skipped for good.",
        run=_disable,
        applies=lambda endpoint: endpoint.enabled,
        confirm=True,
    ),
    Operation(
        name="rotate",
        title="Rotate secret",
        icon="key",
        permission="webhooks.change_endpoint",
        consequence="Deliveries are signed with the new secret and, for 24 hours, with the old one "
        "too. One that still signs since an earlier rotation goes on until its own time. The new "
        "one is shown once.",
        run=_rotate,
        confirm=True,
        in_lists=False,
    ),
    Operation(
        name="delete",
        title="Delete",
        icon="delete",
        permission="webhooks.delete_endpoint",
        consequence="Its secrets are wiped and nothing is delivered to it any more. Its deliveries "
        "stay as history.",
        run=_delete,
        confirm=True,
        danger=True,
        removes=True,
    ),
)
