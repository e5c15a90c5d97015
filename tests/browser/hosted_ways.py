"""Ways to the hosted pages: each makes what its page needs and returns the page's path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from connections.actors import PERSON, SYSTEM, WORKER
from connections.languages import COOKIE
from connections.models import (
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    Entity,
    ExpiryNotice,
    NoticeCause,
    NoticeState,
    PortalLink,
    Reason,
    Status,
)
from connections.operations import disable_account, reconnect_account, revoke_account
from integrations.auth_configs import create_auth_config
from integrations.models import AuthConfig
from integrations.secrets import Secret
from integrations.tokens import digest
from tests.browser.scene import Scene
from tests.connections.visitor import Visitor, portal_of
from tests.described_services import ME, create_described, oauth_service
from tests.making import connect, initiate, store_grant
from tests.provider import TOKEN_PATH, USERINFO_PATH, Answer, tokens

Way = Callable[[Scene], str]
ALICE = Answer(json={"sub": "7", "email": "alice@example.com"})


def to(path: str) -> Way:
    """Return the way to a page that needs nothing."""
    return lambda _scene: path


def in_arabic(way: Way) -> Way:
    """Return the way to the same page for somebody who reads from right to left."""

    def chosen(scene: Scene) -> str:
        assert scene.visitor is not None
        cookie = {"name": COOKIE, "value": "ar", "url": scene.url}
        scene.visitor.add_cookies([cookie])  # type: ignore[list-item] # built from parts
        return way(scene)

    return chosen


# --- A connect link ------------------------------------------------------------------------------


def new_link(scene: Scene) -> str:
    return urlsplit(scene.link()).path


def reconnect_link(scene: Scene) -> str:
    return urlsplit(reconnect_account(account=scene.account(), actor=SYSTEM).url).path


def key_link(scene: Scene) -> str:
    scene.provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    return urlsplit(scene.link(scene.keyed)).path


def key_link_from_nowhere(scene: Scene) -> str:
    """As `key_link`, of an app that nobody is led back to."""
    key_link(scene)
    return urlsplit(scene.link(scene.keyed, callback_url="", app_state="")).path


def refused_key_link(scene: Scene) -> str:
    path = key_link(scene)
    scene.provider.answer(ME, Answer(status=401, json={"error": "bad_key"}))
    return path


def unreachable_key_link(scene: Scene) -> str:
    path = key_link(scene)
    scene.provider.answer(ME, Answer(status=503, json={}))
    return path


def tried_too_often(scene: Scene) -> str:
    path = refused_key_link(scene)
    client = Client()
    for _ in range(20):
        client.post(path, {"api_key": "sk-wrong"})
    scene.lend(client)
    return path


def catalog_link(toolkit: str, **facts: object) -> Way:
    """Return the way to the page of a service of the catalog."""

    def way(scene: Scene) -> str:
        config = create_auth_config(
            project=scene.project,
            name=f"{toolkit} {scene.somebody()}",
            toolkit=toolkit,
            **facts,  # type: ignore[arg-type] # as the toolkit wants them
        )
        return urlsplit(scene.link(config)).path

    return way


def subdomain_link(scene: Scene) -> str:
    client = {"client_id": "client", "client_secret": Secret("client secret")}
    return catalog_link("zendesk", **client)(scene)


def expired_link(scene: Scene) -> str:
    path = new_link(scene)
    past = timezone.now() - timedelta(minutes=1)
    ConnectLink.objects.filter(pk=ConnectLink.objects.latest("pk").pk).update(expires_at=past)
    return path


def used_link(scene: Scene) -> str:
    path = new_link(scene)
    now = timezone.now()
    ConnectLink.objects.filter(pk=ConnectLink.objects.latest("pk").pk).update(completed_at=now)
    return path


def switched_off_link(scene: Scene) -> str:
    client = {"client_id": "client", "client_secret": Secret("client secret")}
    path = catalog_link("github", **client)(scene)
    AuthConfig.objects.filter(toolkit="github").update(enabled=False)
    return path


# --- Back from the provider ----------------------------------------------------------------------


def _answers(scene: Scene, *, token: Answer | None = None, person: Answer = ALICE) -> None:
    scene.provider.answer(TOKEN_PATH, token or tokens())
    scene.provider.answer(USERINFO_PATH, person)


def denied(scene: Scene) -> str:
    return scene.answered(scene.link(), error="access_denied")


def denied_without_way_back(scene: Scene) -> str:
    return scene.answered(scene.link(callback_url="", app_state=""), error="access_denied")


def exchange_failed(scene: Scene) -> str:
    _answers(scene, token=Answer(status=503, json={}))
    return scene.answered(scene.link(), code="c")


def not_accepted(scene: Scene) -> str:
    _answers(scene, person=Answer(status=401, json={}))
    return scene.answered(scene.link(), code="c")


def another_account(scene: Scene) -> str:
    _answers(scene, person=Answer(json={"sub": "8", "email": "bob@example.com"}))
    account = scene.account(status=Status.EXPIRED, status_reason=Reason.GRANT_REVOKED)
    return scene.answered(reconnect_account(account=account, actor=SYSTEM).url, code="c")


def _at_a_shop(scene: Scene) -> ConnectedAccount:
    """Return somebody's account at one of the many shops of a service."""
    service = oauth_service(scene.provider.url, name=f"Shops {scene.somebody()}")
    shop = {"label": "Shop", "help": "The first part of its address.", "pattern": "[a-z-]{1,20}"}
    config = create_described(scene.project, service | {"connection_parameters": {"shop": shop}})
    entity = Entity.objects.create(project=scene.project, user_id=scene.somebody())
    account = connect(auth_config=config, entity=entity)
    ConnectedAccount.objects.filter(pk=account.pk).update(parameters={"shop": "acme-paints"})
    return account


def reconnect_shop_link(scene: Scene) -> str:
    return urlsplit(reconnect_account(account=_at_a_shop(scene), actor=SYSTEM).url).path


def another_place(scene: Scene) -> str:
    _answers(scene)
    url = reconnect_account(account=_at_a_shop(scene), actor=SYSTEM).url
    return scene.answered(url, given={"shop": "other-paints"}, code="c")


def another_browser(scene: Scene) -> str:
    path = scene.answered(scene.link(), code="c")
    assert scene.visitor is not None
    scene.visitor.clear_cookies()
    return path


def answered_already(scene: Scene) -> str:
    _answers(scene)
    path = scene.answered(scene.link(), error="access_denied")
    return path.replace("state=", "state=x")


def answered_late(scene: Scene) -> str:
    path = scene.answered(scene.link(), code="c")
    past = timezone.now() - timedelta(minutes=1)
    ConnectAttempt.objects.filter(pk=ConnectAttempt.objects.latest("pk").pk).update(expires_at=past)
    return path


def answer_lost(scene: Scene) -> str:
    path = scene.answered(scene.link(), code="c")

    def away(**_given: object) -> None:
        raise OperationalError

    scene.patch.setattr("connections.connect.answering.exchange", away)
    return path


def finished(scene: Scene) -> str:
    _answers(scene)
    person = scene.set_out(scene.link(callback_url="", app_state=""))
    return str(person.come_back(code="c").headers["Location"])


def finished_again(scene: Scene) -> str:
    _answers(scene)
    account = scene.account(status=Status.EXPIRED, status_reason=Reason.GRANT_REVOKED)
    person = scene.set_out(reconnect_account(account=account, actor=SYSTEM).url)
    return str(person.come_back(code="c").headers["Location"])


# --- The portal ----------------------------------------------------------------------------------


def _entity(scene: Scene) -> Entity:
    return Entity.objects.create(project=scene.project, user_id=scene.somebody())


def _entered(scene: Scene, entity: Entity) -> Visitor:
    visitor = Visitor(portal_of(entity)).enter()
    scene.lend(visitor.client)
    return visitor


def _accounts(scene: Scene, entity: Entity) -> ConnectedAccount:
    """Make an account in every state and return the one that is well."""
    initiate(auth_config=scene.oauth, entity=entity, alias="begun")
    for alias, change in (("paused", disable_account), ("ended", revoke_account)):
        account = connect(auth_config=scene.oauth, entity=entity, alias=alias)
        change(account=account, actor=SYSTEM)
    dead = connect(auth_config=scene.oauth, entity=entity, alias="dead")
    facts = {"status": Status.EXPIRED, "status_reason": Reason.GRANT_REVOKED}
    ConnectedAccount.objects.filter(pk=dead.pk).update(**facts)
    alive = connect(auth_config=scene.oauth, entity=entity)
    soon = timezone.now() + timedelta(days=5)
    granted = ["notes:read", "openid"]
    ConnectedAccount.objects.filter(pk=alive.pk).update(
        scopes_granted=granted, grant_ends_at=soon, last_verified_at=timezone.now()
    )
    return alive


def door(scene: Scene) -> str:
    return portal_of(_entity(scene))


def door_ended(scene: Scene) -> str:
    path = door(scene)
    past = timezone.now() - timedelta(minutes=1)
    PortalLink.objects.filter(pk=PortalLink.objects.latest("pk").pk).update(expires_at=past)
    return path


def door_opened_elsewhere(scene: Scene) -> str:
    return Visitor(door(scene)).enter().path


def portal(scene: Scene) -> str:
    entity = _entity(scene)
    _accounts(scene, entity)
    return _entered(scene, entity).list


def empty_portal(scene: Scene) -> str:
    return _entered(scene, _entity(scene)).list


def portal_not_open(scene: Scene) -> str:
    return Visitor(door(scene)).enter().list


def disconnected(scene: Scene) -> str:
    entity = _entity(scene)
    alive = _accounts(scene, entity)
    visitor = _entered(scene, entity)
    revoke_account(account=alive, actor=PERSON)
    return f"{visitor.list}?status=disconnected&connected_account_id={alive.pk}"


def disconnect(scene: Scene) -> str:
    entity = _entity(scene)
    alive = _accounts(scene, entity)
    return f"{_entered(scene, entity).list}/{alive.pk}/disconnect"


# --- Mails ---------------------------------------------------------------------------------------


def notice(scene: Scene) -> str:
    account = scene.account(status=Status.EXPIRED, status_reason=Reason.GRANT_REVOKED)
    token = scene.somebody()
    ExpiryNotice.objects.create(
        project=account.project,
        account=account,
        cause=NoticeCause.ENDED,
        reason=account.status_reason,
        state=NoticeState.SENT,
        token_digest=digest(token),
        created_by=WORKER,
    )
    return f"/connect/notices/{token}"


def answered_notice(scene: Scene) -> str:
    path = notice(scene)
    account = ConnectedAccount.objects.latest("pk")
    store_grant(account, now=timezone.now(), reason=Reason.RECONNECTED, number=2)
    return path


def old_notice(scene: Scene) -> str:
    path = notice(scene)
    row = ExpiryNotice.objects.latest("pk")
    past = timezone.now() - timedelta(days=31)
    ExpiryNotice.objects.filter(pk=row.pk).update(created_at=past)
    return path


def stop(scene: Scene) -> str:
    return f"{notice(scene)}/stop"


# --- Faults --------------------------------------------------------------------------------------


def crash(scene: Scene) -> str:
    return _break(scene, RuntimeError())


def database_away(scene: Scene) -> str:
    return _break(scene, OperationalError())


def _break(scene: Scene, error: Exception) -> str:
    path = new_link(scene)

    def fail(**_given: object) -> None:
        raise error

    scene.patch.setattr("connections.connect.views.find_link", fail)
    return path
