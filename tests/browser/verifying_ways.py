"""Ways to the pages of a trip on which the app says who the person is."""

from __future__ import annotations

from urllib.parse import urlsplit

from connections.actors import SYSTEM
from connections.models import Verification
from connections.operations import link_account
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.browser.scene import Scene
from tests.browser.shown import Shown
from tests.making import CALLBACK_URL
from tests.verifying_app import App, Trip, consent


def _link(scene: Scene) -> tuple[App, str]:
    project = Project.objects.create(name="Careful", allowed_callback_urls=[CALLBACK_URL])
    config = AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": scene.provider.url},
    )
    app = App(project)
    return app, link_account(project=project, user_id="alice", auth_config=config, actor=SYSTEM).url


def _trip(scene: Scene) -> tuple[App, Trip]:
    app, url = _link(scene)
    trip = consent(url)
    scene.lend(trip.person.client)
    scene.patch.setattr("connections.connect.views.PATIENCE_SECONDS", 0.0)
    return app, trip


def _page() -> str:
    return f"/connect/verification/{Verification.objects.latest('pk').pk}"


def new_link(scene: Scene) -> str:
    return urlsplit(_link(scene)[1]).path


def waiting(scene: Scene) -> str:
    _trip(scene)
    return _page()


def somebody_else(scene: Scene) -> str:
    app, trip = _trip(scene)
    app.verify(trip.url, signed_in="bob")
    return _page()


def another_browser(scene: Scene) -> str:
    _trip(scene)
    assert scene.visitor is not None
    scene.visitor.clear_cookies()
    return _page()


VERIFYING = [
    Shown("a link with a check", "connect:link", new_link),
    Shown("waiting for the app", "connect:verification", waiting),
    Shown("somebody else", "connect:verification", somebody_else, 403),
    Shown("waiting elsewhere", "connect:verification", another_browser, 404),
]
