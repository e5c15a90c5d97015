"""Endpoints, events and deliveries in the console."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from integrations.models import Project
from tests.console.staff import every_permission, member, signed_in
from webhooks.endpoints import create_endpoint
from webhooks.models import Delivery, DeliveryStatus, Endpoint, Event, EventType
from webhooks.recording import record_event

ENDPOINTS = "/admin/webhooks/endpoint/"
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def client(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


@pytest.fixture
def endpoint(project: Project) -> Endpoint:
    return create_endpoint(project=project, url=URL).endpoint


@pytest.fixture
def delivery(project: Project, endpoint: Endpoint) -> Delivery:
    """A delivery that was given up."""
    with transaction.atomic():
        event = record_event(
            project=project,
            type=EventType.EXPIRED,
            subject_id="ca_1",
            data={"status": "EXPIRED"},
            now=timezone.now(),
        )
    event.deliveries.update(status=DeliveryStatus.FAILED, attempt_count=9)
    return event.deliveries.get()


def test_a_new_endpoints_secret_is_shown_once(client: Client, project: Project) -> None:
    answer = client.post(f"{ENDPOINTS}add/", {"project": project.pk, "url": URL})
    endpoint = Endpoint.objects.get()
    secret = endpoint.secret.reveal()
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in client.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "url", ["https://169.254.169.254/", "https://[::ffff:10.0.0.1]/", "ftp://x"]
)
def test_a_url_that_is_not_delivered_to_is_refused(
    client: Client, project: Project, url: str
) -> None:
    answer = client.post(f"{ENDPOINTS}add/", {"project": project.pk, "url": url})
    assert "url" in answer.context["adminform"].form.errors
    assert not Endpoint.objects.exists()


def test_an_edit_keeps_the_secret(client: Client, endpoint: Endpoint) -> None:
    before = endpoint.secret.reveal()
    form = {"url": URL, "description": "New", "event_types": [EventType.EXPIRED]}
    client.post(f"{ENDPOINTS}{endpoint.pk}/change/", form)
    endpoint.refresh_from_db()
    assert (endpoint.description, endpoint.event_types) == ("New", [EventType.EXPIRED])
    assert endpoint.secret.reveal() == before


@pytest.mark.parametrize(("url", "fails"), [(URL, True), (f"{URL}/new", False)])
def test_an_edit_ends_the_failing_only_where_the_address_is_another(
    client: Client, endpoint: Endpoint, url: str, fails: bool
) -> None:
    Endpoint.objects.update(failing_since=timezone.now())
    client.post(f"{ENDPOINTS}{endpoint.pk}/change/", {"url": url, "description": "New"})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.description) == (url, "New")
    assert (endpoint.failing_since is not None) is fails


def test_a_rotated_secret_is_shown_once(client: Client, endpoint: Endpoint) -> None:
    answer = client.post(f"{ENDPOINTS}{endpoint.pk}/do/rotate/")
    endpoint.refresh_from_db()
    assert endpoint.secret.reveal() in answer.content.decode()
    assert endpoint.previous_secret is not None


def test_disabling_and_enabling(client: Client, endpoint: Endpoint) -> None:
    client.post(f"{ENDPOINTS}{endpoint.pk}/do/disable/")
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "Disabled by mel.")
    client.post(f"{ENDPOINTS}{endpoint.pk}/do/enable/")
    endpoint.refresh_from_db()
    assert endpoint.enabled


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("failing", {"down", "off"}),
        ("fine", {"good"}),
        ("off", {"off"}),
        ("", {"good", "down", "off"}),
    ],
)
def test_the_list_is_narrowed_by_how_deliveries_go(
    client: Client, project: Project, state: str, found: set[str]
) -> None:
    for name in ("good", "down", "off"):
        create_endpoint(project=project, url=f"{URL}/{name}")
    rows = Endpoint.objects.exclude(url__endswith="good")
    rows.update(failing_since=timezone.now())
    rows.filter(url__endswith="off").update(enabled=False)
    listed = client.get(ENDPOINTS, {"state": state}).context["cl"].result_list
    assert {row.url.rpartition("/")[2] for row in listed} == found


def test_a_test_event_goes_to_the_endpoint(client: Client, endpoint: Endpoint) -> None:
    client.post(f"{ENDPOINTS}{endpoint.pk}/do/test/")
    assert Delivery.objects.get(endpoint=endpoint).event.type == EventType.TEST


def test_a_deleted_endpoint_is_gone_and_its_deliveries_stay(
    client: Client, delivery: Delivery
) -> None:
    page = f"{ENDPOINTS}{delivery.endpoint_id}/"
    after = client.post(f"{page}do/delete/", follow=True)
    assert after.status_code == 200
    assert client.get(f"{page}change/").status_code == 404
    assert client.get(f"/admin/webhooks/delivery/{delivery.pk}/change/").status_code == 200


@pytest.mark.parametrize("what", ["delivery", "event"])
def test_redelivering(client: Client, delivery: Delivery, what: str) -> None:
    row = delivery if what == "delivery" else delivery.event
    client.post(f"/admin/webhooks/{what}/{row.pk}/do/redeliver/")
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempt_count) == (DeliveryStatus.PENDING, 0)


def test_redelivering_needs_its_permission(project: Project, delivery: Delivery) -> None:
    viewer = signed_in(member(project, permissions=("webhooks.view_delivery",), username="viewer"))
    assert viewer.post(f"/admin/webhooks/delivery/{delivery.pk}/do/redeliver/").status_code == 403


def test_an_event_is_not_edited(client: Client, delivery: Delivery) -> None:
    assert client.post(f"/admin/webhooks/event/{delivery.event_id}/change/", {}).status_code == 403
    assert Event.objects.get().type == EventType.EXPIRED
