"""Endpoints and events through the API, as owner, with too small a key, and as a stranger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integrations.models import ApiKey, Project
from tests.receiver import Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.models import Endpoint, EventType

ENDPOINTS = "/api/v1/webhook_endpoints"
EVENTS = "/api/v1/events"
LINK = "https://connect.example/link"

Call = Callable[..., Any]


def caller(project: Project, *scopes: str) -> Call:
    """Return a function that calls the API with a new key of ``project``."""
    key = ApiKey(project=project, name="test", scopes=list(scopes) or ["read", "write"]).issue()
    client = Client(headers={"x-api-key": key})

    def call(method: str, path: str, body: Any = None) -> Any:
        return client.generic(method, path, data=_json(body), content_type="application/json")

    return call


def _json(body: Any) -> str:
    return "" if body is None else json.dumps(body)


@pytest.fixture
def owner(project: Project) -> Call:
    return caller(project)


@pytest.fixture
def stranger(db: None) -> Call:
    return caller(Project.objects.create(name="Globex"))


def error_code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_the_secret_is_shown_when_the_endpoint_is_created_and_never_again(
    owner: Call, outbox: Outbox
) -> None:
    body = {"url": outbox.receiver.url + "/hook", "event_types": ["connected_account.expired"]}
    created = owner("POST", ENDPOINTS, body)
    assert created.status_code == 201
    secret = created.json()["secret"]
    outbox.record()
    deliver_due(now=outbox.now)
    outbox.receiver.received[0].verified(secret)
    for path in (ENDPOINTS, f"{ENDPOINTS}/{created.json()['id']}"):
        assert secret not in owner("GET", path).content.decode()
        assert "secret" not in owner("GET", path).json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "https://10.0.0.1/"}, "endpoint_url_refused"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "endpoint_url_refused"),
        ({"url": "not a url"}, "endpoint_url_refused"),
        ({"event_types": ["connected_account.exploded"]}, "unknown_event_type"),
        ({"event_types": "all"}, "invalid_request"),
        ({"description": "\x00"}, "invalid_request"),
        ({"description": "x" * 201}, "invalid_request"),
        ({"tenant_id": "\x00"}, "invalid_request"),
    ],
)
def test_invalid_endpoints_are_400(
    owner: Call, outbox: Outbox, change: dict[str, Any], code: str
) -> None:
    body = {"url": outbox.receiver.url} | change
    assert error_code(owner("POST", ENDPOINTS, body)) == (400, code)
    endpoint, _ = outbox.subscribe()
    assert error_code(owner("PATCH", f"{ENDPOINTS}/{endpoint.pk}", change)) == (400, code)


def test_a_refused_url_says_why(owner: Call) -> None:
    answer = owner("POST", ENDPOINTS, {"url": "https://127.1/"}).json()["error"]
    assert answer["details"] == {"reason": "address_refused"}
    assert "canonical" in answer["message"]


def test_a_patch_changes_what_it_names(owner: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe(description="before", tenant_id="globex")
    answer = owner("PATCH", f"{ENDPOINTS}/{endpoint.pk}", {"description": "", "enabled": False})
    assert answer.status_code == 200
    endpoint.refresh_from_db()
    assert (endpoint.description, endpoint.tenant_id, endpoint.enabled) == ("", "globex", False)
    enabled = owner("PATCH", f"{ENDPOINTS}/{endpoint.pk}", {"enabled": True}).json()
    assert (enabled["enabled"], enabled["disabled_reason"]) == (True, "")


def test_a_deleted_endpoint_is_gone(owner: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    assert owner("DELETE", f"{ENDPOINTS}/{endpoint.pk}").status_code == 204
    assert owner("GET", f"{ENDPOINTS}/{endpoint.pk}").status_code == 404
    assert owner("GET", ENDPOINTS).json()["items"] == []


def test_a_rotation_returns_the_new_secret(owner: Call, outbox: Outbox) -> None:
    endpoint, old = outbox.subscribe()
    rotated = owner("POST", f"{ENDPOINTS}/{endpoint.pk}/rotate_secret").json()
    assert rotated["secret"] != old
    assert rotated["previous_secret_until"] is not None
    path = f"{ENDPOINTS}/{endpoint.pk}/rotate_secret"
    assert owner("POST", path, {"overlap_seconds": 0}).json()["previous_secret_until"] is None
    assert error_code(owner("POST", path, {"overlap_seconds": -1})) == (400, "invalid_request")


def test_a_test_event_tells_what_came_of_it(owner: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500, body=b"<b>broken</b>"))
    event = owner("POST", f"{ENDPOINTS}/{endpoint.pk}/test").json()
    deliver_due(now=outbox.now.replace(year=outbox.now.year + 1))
    [delivery] = owner("GET", f"{EVENTS}/{event['id']}").json()["deliveries"]
    [attempt] = delivery["attempts"]
    assert delivery["endpoint_id"] == endpoint.pk
    assert (attempt["http_status"], attempt["response_excerpt"]) == (500, "<b>broken</b>")


def test_an_event_is_what_subscribers_receive(owner: Call, outbox: Outbox) -> None:
    event = outbox.record(sealed_data={"reauth_url": LINK})
    shown = owner("GET", f"{EVENTS}/{event.pk}").json()
    assert shown["data"] == {"connected_account_id": "ca_1", "reauth_url": LINK}
    assert (shown["id"], shown["type"]) == (event.pk, event.type)


def test_events_are_listed_by_type_and_account_newest_first(owner: Call, outbox: Outbox) -> None:
    first, second = outbox.record("ca_1"), outbox.record("ca_1")
    outbox.record("ca_2")
    outbox.record("ca_1", type=EventType.REVOKED)
    query = "?type=connected_account.expired&connected_account_id=ca_1"
    listed = owner("GET", EVENTS + query).json()
    assert [item["id"] for item in listed["items"]] == [second.pk, first.pk]
    page = owner("GET", f"{EVENTS}{query}&limit=1").json()
    rest = owner("GET", f"{EVENTS}{query}&limit=1&cursor={page['next_cursor']}").json()
    assert [item["id"] for item in rest["items"]] == [first.pk]


@pytest.mark.parametrize("query", ["type=connected_account.exploded", "connected_account_id=%00"])
def test_invalid_filters_are_400(owner: Call, query: str) -> None:
    assert error_code(owner("GET", f"{EVENTS}?{query}")) == (400, "invalid_request")


def test_a_redelivery_is_asked_for(owner: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    event = outbox.record()
    deliver_due(now=outbox.now)
    for body in (None, {"endpoint_id": endpoint.pk}):
        answer = owner("POST", f"{EVENTS}/{event.pk}/redeliver", body)
        assert answer.status_code == 202
        assert [item["status"] for item in answer.json()] == ["pending"]


def test_a_disabled_endpoint_takes_no_redelivery(owner: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    event = outbox.record()
    Endpoint.objects.update(enabled=False)
    answer = owner("POST", f"{EVENTS}/{event.pk}/redeliver", {"endpoint_id": endpoint.pk})
    assert error_code(answer) == (409, "endpoint_disabled")


def test_a_stranger_gets_the_same_404_as_for_nothing(stranger: Call, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    event = outbox.record()
    calls = [
        ("GET", f"{ENDPOINTS}/{endpoint.pk}"),
        ("PATCH", f"{ENDPOINTS}/{endpoint.pk}"),
        ("DELETE", f"{ENDPOINTS}/{endpoint.pk}"),
        ("POST", f"{ENDPOINTS}/{endpoint.pk}/rotate_secret"),
        ("POST", f"{ENDPOINTS}/{endpoint.pk}/test"),
        ("GET", f"{EVENTS}/{event.pk}"),
        ("POST", f"{EVENTS}/{event.pk}/redeliver"),
    ]
    for method, path in calls:
        body: Any = {} if method in {"PATCH", "POST"} else None
        assert error_code(stranger(method, path, body)) == (404, "not_found"), path
    for path in (ENDPOINTS, EVENTS):
        assert stranger("GET", path).json()["items"] == []


def test_a_stranger_cannot_redeliver_to_an_endpoint_of_ours(
    stranger: Call, owner: Call, outbox: Outbox
) -> None:
    other = Outbox(
        project=Project.objects.get(name="Globex"), receiver=outbox.receiver, now=outbox.now
    )
    theirs = other.record()
    endpoint, _ = outbox.subscribe()
    answer = stranger("POST", f"{EVENTS}/{theirs.pk}/redeliver", {"endpoint_id": endpoint.pk})
    assert error_code(answer) == (404, "not_found")


def test_a_reading_key_changes_nothing(project: Project, outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    reader = caller(project, "read")
    for method, path in [
        ("POST", ENDPOINTS),
        ("PATCH", f"{ENDPOINTS}/{endpoint.pk}"),
        ("DELETE", f"{ENDPOINTS}/{endpoint.pk}"),
        ("POST", f"{ENDPOINTS}/{endpoint.pk}/rotate_secret"),
        ("POST", f"{ENDPOINTS}/{endpoint.pk}/test"),
    ]:
        body = {"url": outbox.receiver.url} if method in {"POST", "PATCH"} else None
        assert error_code(reader(method, path, body)) == (403, "insufficient_scope"), path
