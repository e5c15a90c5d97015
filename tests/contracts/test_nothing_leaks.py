"""An exception anywhere, with a canary token in play: it comes out nowhere (faults.md 47)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from multiprocessing import Value
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Task
from django_q.monitor import monitor
from django_q.worker import worker
from pytest_django.fixtures import Settings

from connections import vault
from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Entity
from connections.operations import link_account, reconnect_account, revoke_account
from connections.refresh import refresh_due, revoke_due
from integrations.models import AuthConfig, Project
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.api.calling import Caller, key_of
from tests.contracts.leaks import CANARY, Fault, Records, answer_of, recording, tables_with
from tests.making import CALLBACK_URL, connect
from tests.provider import ScriptedProvider, tokens
from tests.receiver import Receiver, Reply
from webhooks.delivering import deliver_due
from webhooks.endpoints import create_endpoint
from webhooks.models import EventType
from webhooks.recording import record_event

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, kw_only=True)
class World:
    """An account whose every secret is the canary, at a provider that issues canaries."""

    project: Project
    auth_config: AuthConfig
    account: ConnectedAccount
    provider: ScriptedProvider
    receiver: Receiver


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    cache.clear()
    issued = tokens(access_token=f"{CANARY}-a2", refresh_token=f"{CANARY}-r2", id_token=None)
    with ScriptedProvider().serving() as provider, Receiver() as receiver:
        provider.answer_tokens(issued)
        project = Project.objects.create(name="Acme", allowed_callback_urls=[CALLBACK_URL])
        auth_config = AuthConfig.objects.create(
            project=project,
            name="Notes",
            toolkit="sandbox",
            client_id="client",
            client_secret=Secret(f"{CANARY}-s"),
            scopes=["notes:read"],
            parameters={"base_url": provider.url},
        )
        entity = Entity.objects.create(project=project, user_id="alice")
        account = connect(auth_config=auth_config, entity=entity)
        held = TokenSet(access_token=Secret(f"{CANARY}-a1"), refresh_token=Secret(f"{CANARY}-r1"))
        with transaction.atomic():
            vault.put_new_grant(account=account, tokens=held, now=timezone.now())
        make_due(account)
        yield World(
            project=project,
            auth_config=auth_config,
            account=account,
            provider=provider,
            receiver=receiver,
        )


def make_due(account: ConnectedAccount) -> None:
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    account.refresh_from_db()


# --- Ways on which a secret travels; each returns what somebody outside got ----------------------


def read_credentials(world: World) -> str:
    caller = Caller(key_of(world.project, "credentials"))
    path = f"/connected_accounts/{world.account.pk}/credentials"
    return answer_of(caller("GET", path, query="minimum_seconds=30"))


def refresh_by_api(world: World) -> str:
    caller = Caller(key_of(world.project, "write"))
    return answer_of(caller("POST", f"/connected_accounts/{world.account.pk}/refresh"))


def create_by_api(world: World) -> str:
    body = {
        "name": "Other",
        "toolkit": "sandbox",
        "client_id": "client",
        "client_secret": f"{CANARY}-new",
        "parameters": {"base_url": world.provider.url},
    }
    return answer_of(Caller(key_of(world.project, "write"))("POST", "/auth_configs", body))


def refresh_by_worker(world: World) -> str:
    with suppress(RuntimeError):
        refresh_due()
    return ""


def open_link(world: World) -> str:
    """The link's own token is the canary: it stands in the address of the page."""
    browser = Client(raise_request_exception=False)
    browser.cookies["evergrant_link"] = f"{CANARY}-cookie"
    return answer_of(browser.get(f"/connect/{CANARY}-link-token"))


def open_portal(world: World) -> str:
    """As `open_link`: the portal link's own token is the canary."""
    browser = Client(raise_request_exception=False)
    browser.cookies["evergrant_pl_1"] = f"{CANARY}-cookie"
    return answer_of(browser.post(f"/connect/portal/{CANARY}-link-token"))


def start_flow(world: World) -> str:
    browser = Client(raise_request_exception=False)
    return answer_of(browser.post(new_link(world)))


def come_back(world: World) -> str:
    browser = Client(raise_request_exception=False)
    target = browser.post(new_link(world)).headers["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    answer = {"code": f"{CANARY}-code", "state": asked["state"]}
    return answer_of(browser.get(urlsplit(asked["redirect_uri"]).path, answer))


def new_link(world: World) -> str:
    issued = reconnect_account(account=world.account, actor=SYSTEM)
    return urlsplit(issued.url).path


def deliver(world: World) -> str:
    create_endpoint(project=world.project, url=f"{world.receiver.url}/hook")
    with transaction.atomic():
        record_event(
            project=world.project,
            type=EventType.EXPIRED,
            subject_id=world.account.pk,
            data={},
            sealed_data={"reauth_url": f"https://grants.example.com/connect/{CANARY}-reauth"},
            now=timezone.now(),
        )
    with suppress(RuntimeError):
        deliver_due(now=timezone.now())
    return ""


def revoke(world: World) -> str:
    with suppress(RuntimeError):
        revoke_account(account=world.account, actor=SYSTEM)
        revoke_due()
    return ""


Way = Callable[[World], str]

OAUTH = "integrations.schemes.oauth2.OAuth2Client"
CLIENT = "integrations.schemes.token_call.Client"
TOKEN_CALL = [
    f"{CLIENT}.get_tokens",
    f"{CLIENT}.send",
    "integrations.schemes.token_call.judge_answer",
    "integrations.schemes.verdict.TokenSet.from_answer",
    "integrations.schemes.token_response.parse_lifetime",
    "integrations.outbound.door.prepare",
    "integrations.outbound.transport.open_connection",
    "integrations.outbound.transport.read_body",
]
REFRESH = [
    *TOKEN_CALL,
    "connections.refresh.storing.next_warning",
    "connections.refresh.queries.as_json",
    "connections.refresh.issued.plan",
    "integrations.secrets.keyring.encrypt",
    "integrations.secrets.keyring.decrypt",
]
PLACES: dict[Way, list[str]] = {
    read_credentials: [*REFRESH, "connections.api.using.CredentialsOut"],
    refresh_by_api: REFRESH,
    refresh_by_worker: REFRESH,
    create_by_api: [
        "integrations.api.routes.create_auth_config",
        "integrations.auth_configs.check_addresses",
        "integrations.models.AuthConfig.clean",
        "integrations.models.AuthConfig.save",
        "integrations.secrets.keyring.encrypt",
    ],
    open_link: ["connections.connect.views.find_link"],
    open_portal: ["connections.portal.views.find_portal"],
    start_flow: [
        "connections.connect.views.start_attempt",
        f"{OAUTH}.authorization_url",
        "integrations.secrets.keyring.encrypt",
    ],
    come_back: [
        *TOKEN_CALL,
        "connections.connect.views.take_answer",
        "integrations.schemes.identity._text_at",
        "connections.vault.put_new_grant",
        "connections.connect.completing.move",
    ],
    deliver: [
        "webhooks.posting.signature_headers",
        "webhooks.posting.body_of",
        "webhooks.models.Event.payload",
        "integrations.secrets.keyring.decrypt",
        "integrations.outbound.door.prepare",
        "integrations.outbound.transport.read_body",
    ],
    revoke: [
        f"{OAUTH}.revoke",
        f"{CLIENT}.send",
        "connections.vault.queue_revocation",
        "integrations.secrets.keyring.decrypt",
    ],
}
# DEBUG changes what is answered; these ways answer nobody.
SILENT = {refresh_by_worker, deliver, revoke}
CASES = [
    pytest.param(
        way, place, debug, id=f"{way.__name__}-{place.rpartition('.')[2]}{'-debug' * debug}"
    )
    for way, places in PLACES.items()
    for place in places
    for debug in (False, True)
    if not (debug and way in SILENT)
]


def break_at(monkeypatch: pytest.MonkeyPatch, place: str, *, in_message: bool) -> Fault:
    fault = Fault(place, in_message=in_message)
    owner, _, name = place.rpartition(".")
    try:
        target: Any = import_module(owner)
    except ModuleNotFoundError:
        module, _, kind = owner.rpartition(".")
        target = getattr(import_module(module), kind)
    monkeypatch.setattr(target, name, fault.as_function())
    return fault


def check(world: World, records: Records, answer: str) -> None:
    assert CANARY not in re.sub(rf"/connect/(?:portal/)?{CANARY}-link-token", "", answer)
    leaking = [line[:2000] for line in records.text.splitlines() if CANARY in line]
    assert leaking == []
    assert tables_with(CANARY) == []


@pytest.mark.fault(47)
@pytest.mark.parametrize("in_message", [False, True], ids=["variables", "message"])
@pytest.mark.parametrize(("way", "place", "debug"), CASES)
def test_a_fault_gives_nothing_away(  # noqa: PLR0917 - fixtures and parameters
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    way: Way,
    place: str,
    debug: bool,
    in_message: bool,
) -> None:
    settings.DEBUG = debug
    fault = break_at(monkeypatch, place, in_message=in_message)
    with recording() as records:
        answer = way(world)
    monkeypatch.undo()
    assert fault.hits > 0, "the way leads through the place"
    check(world, records, answer)


@pytest.mark.parametrize("way", list(PLACES), ids=lambda way: way.__name__)
def test_without_a_fault_nothing_is_given_away_either(world: World, way: Way) -> None:
    with recording() as records:
        answer = way(world)
    if way is read_credentials:
        assert f'"access_token": "{CANARY}-a2"' in answer, "the canary is really in play"
        answer = ""
    check(world, records, answer)


def test_a_fault_is_told_with_type_and_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, "integrations.schemes.verdict.TokenSet.from_answer", in_message=True)
    with recording() as records:
        refresh_by_api(world)
    told = records.readable.getvalue()
    for part in (
        "RuntimeError",
        "ValueError",
        "integrations/schemes/verdict.py",
        "in judge_answer",
    ):
        assert part in told


def test_a_link_that_is_created_stands_in_no_table_and_no_log(world: World) -> None:
    with recording() as records:
        issued = link_account(
            project=world.project,
            user_id="bob",
            auth_config=world.auth_config,
            actor=SYSTEM,
        )
        token = issued.url.rpartition("/")[2]
        Client(raise_request_exception=False).get(f"/connect/{token}/nothing")
        Client(raise_request_exception=False).post(f"/connect/{token}")
    assert tables_with(token) == []
    assert token not in records.text


def test_a_receiver_that_echoes_what_it_gets_does_not_put_it_into_a_table(world: World) -> None:
    """The start of its answer is kept for the person who has to find out why it failed."""
    link = f"https://grants.example.com/connect/{CANARY}-reauth"
    world.receiver.answers("/hook", Reply(status=500, body=link.encode()))
    deliver(world)
    assert world.receiver.received
    assert tables_with(CANARY) == []


DUE_ACCOUNTS = "connections.refresh.queries.due_configs"
DUE_DELIVERIES = "webhooks.models.delivery.DeliveryQuerySet.due"
TASKS = {
    "connections.tasks.watch_refreshes": DUE_ACCOUNTS,
    "connections.tasks.revoke_due": "connections.revoking.claim_due",
    "webhooks.tasks.watch_deliveries": DUE_DELIVERIES,
    "webhooks.tasks.deliver_waiting": DUE_DELIVERIES,
}


def run_task(name: str) -> None:
    """Run a task as the job runner's worker and monitor do, in this process."""
    waiting: Queue[Any] = Queue()
    done: Queue[Any] = Queue()
    task = {"id": "t" * 32, "name": "task", "func": name, "args": (), "kwargs": {}}
    waiting.put(task | {"started": timezone.now(), "group": "test"})
    waiting.put("STOP")
    worker(waiting, done, Value("f", -1))
    done.put("STOP")
    monitor(done, get_broker())


@pytest.mark.fault(47)
@pytest.mark.parametrize(("task", "place"), list(TASKS.items()))
def test_what_the_job_runner_keeps_of_a_failed_task_does_not_hold_it(
    world: World, monkeypatch: pytest.MonkeyPatch, task: str, place: str
) -> None:
    fault = break_at(monkeypatch, place, in_message=True)
    with recording() as records:
        run_task(task)
    monkeypatch.undo()
    assert fault.hits > 0
    assert [success for (success,) in Task.objects.values_list("success")] == [False]
    assert "RuntimeError" in Task.objects.get().result
    check(world, records, "")
