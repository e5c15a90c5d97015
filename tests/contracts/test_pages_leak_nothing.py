"""An exception on a page that takes or holds a secret: it comes out nowhere (faults.md 47)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.models import AuthConfig
from tests.connections.visitor import Visitor, portal_of
from tests.console.pages import address
from tests.contracts import test_nothing_leaks
from tests.contracts.leaks import CANARY, answer_of, recording
from tests.contracts.test_nothing_leaks import World, break_at, check
from tests.described_services import create_described, key_service
from tests.making import link_to
from tests.provider import Answer
from webhooks.endpoints import create_endpoint
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)

world = test_nothing_leaks.world


def operator() -> Client:
    """Return the browser of an operator who may do everything."""
    browser = Client(raise_request_exception=False)
    user, _ = User.objects.get_or_create(username="olga", is_staff=True, is_superuser=True)
    browser.force_login(user)
    return browser


# --- Ways on which a secret comes to a page; each returns what the browser got -------------------


def type_a_key(world: World) -> str:
    service = key_service(world.provider.url)
    service["keys"][0]["fields"][0].pop("pattern")
    world.provider.answer("/v1/me", Answer(json={"id": "7", "email": "alice@example.com"}))
    config = create_described(world.project, service)
    browser = Client(raise_request_exception=False)
    path = urlsplit(link_to(config)).path
    return answer_of(browser.post(path, {"api_key": f"{CANARY}-key"}))


def type_a_password(_world: World) -> str:
    browser = Client(raise_request_exception=False)
    given = {"login": "olga", "password": f"{CANARY}-password"}
    return answer_of(browser.post("/accounts/login/", given))


def save_a_client(world: World) -> str:
    form = {
        "project": world.project.pk,
        "name": "Another",
        "client_id": "client",
        "new_client_secret": f"{CANARY}-typed",
        "parameter_base_url": world.provider.url,
        "enabled": "on",
    }
    return answer_of(operator().post(f"{address(AuthConfig, 'add')}?toolkit=sandbox", form))


def look_at_an_account(world: World) -> str:
    page = address(type(world.account), "change", world.account.pk)
    return answer_of(operator().get(page))


def refresh_in_the_console(world: World) -> str:
    page = address(type(world.account), "operation", world.account.pk, "refresh")
    return answer_of(operator().post(page))


def revoke_in_the_console(world: World) -> str:
    page = address(type(world.account), "operation", world.account.pk, "revoke")
    return answer_of(operator().post(page))


def rotate_in_the_console(world: World) -> str:
    endpoint = create_endpoint(project=world.project, url=f"{world.receiver.url}/hook").endpoint
    page = address(Endpoint, "operation", endpoint.pk, "rotate")
    return answer_of(operator().post(page))


def look_into_a_portal(world: World) -> str:
    visitor = Visitor(portal_of(world.account.entity)).enter()
    visitor.client.raise_request_exception = False
    return answer_of(visitor.client.get(visitor.list))


def disconnect_in_a_portal(world: World) -> str:
    visitor = Visitor(portal_of(world.account.entity)).enter()
    visitor.client.raise_request_exception = False
    return answer_of(visitor.client.post(f"{visitor.list}/{world.account.pk}/disconnect"))


Way = Callable[[World], str]
PLACES: dict[Way, list[str]] = {
    type_a_key: [
        "connections.connect.views.take_key",
        "connections.connect.keying.prove",
        "connections.connect.completing.move",
        "integrations.secrets.keyring.encrypt",
        "integrations.outbound.door.prepare",
    ],
    type_a_password: ["allauth.account.auth_backends.AuthenticationBackend.authenticate"],
    save_a_client: [
        "integrations.models.AuthConfig.save",
        "integrations.secrets.keyring.encrypt",
        "integrations.admin.audited.record",
    ],
    look_at_an_account: ["connections.admin.account_page.timeline"],
    refresh_in_the_console: [
        "connections.admin.operations.refresh_account",
        "integrations.schemes.verdict.TokenSet.from_answer",
        "integrations.secrets.keyring.decrypt",
    ],
    revoke_in_the_console: [
        "connections.vault.queue_revocation",
        "integrations.admin.operations.record",
    ],
    rotate_in_the_console: ["webhooks.endpoints.rotate_secret"],
    look_into_a_portal: ["connections.portal.views.list_context"],
    disconnect_in_a_portal: [
        "connections.portal.views.disconnect",
        "connections.vault.queue_revocation",
    ],
}
CASES = [
    pytest.param(way, place, id=f"{way.__name__}-{place.rpartition('.')[2]}")
    for way, places in PLACES.items()
    for place in places
]


@pytest.mark.fault(47)
@pytest.mark.parametrize(
    ("in_message", "debug"),
    [(False, False), (True, False), (True, True)],
    ids=["variables", "message", "debug"],
)
@pytest.mark.parametrize(("way", "place"), CASES)
def test_a_fault_on_a_page_gives_nothing_away(  # noqa: PLR0917 - fixtures and parameters
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    way: Way,
    place: str,
    in_message: bool,
    debug: bool,
) -> None:
    settings.DEBUG = debug
    fault = break_at(monkeypatch, place, in_message=in_message)
    with recording() as records:
        answer = way(world)
    monkeypatch.undo()
    assert fault.hits > 0, "the way leads through the place"
    check(world, records, answer)


@pytest.mark.parametrize("way", list(PLACES), ids=lambda way: way.__name__)
def test_without_a_fault_a_page_gives_nothing_away_either(world: World, way: Way) -> None:
    with recording() as records:
        answer = way(world)
    assert "Something went wrong" not in answer
    check(world, records, answer)
