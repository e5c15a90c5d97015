"""Ways to what a project's branding and its page in the console look like."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.admin.utils import quote
from django.urls import reverse
from playwright.sync_api import Page, expect

from connections.actors import SYSTEM
from connections.models import Entity
from connections.operations import link_account
from integrations.branding.logos import set_logo
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.browser.hosted_ways import Way
from tests.browser.scene import Scene
from tests.browser.shown import Shown
from tests.connections.visitor import Visitor, portal_of
from tests.integrations.test_branding_logos import picture
from tests.making import CALLBACK_URL, connect


def in_color(color: str) -> Way:
    """Return the way to a link of a project with that accent colour, a logo and links."""
    return lambda scene: urlsplit(_link(_branded(scene, color))).path


def portal_in_color(color: str) -> Way:
    """Return the way to a portal of such a project."""

    def way(scene: Scene) -> str:
        config = _branded(scene, color)
        entity = Entity.objects.create(project=config.project, user_id="alice")
        connect(auth_config=config, entity=entity)
        visitor = Visitor(portal_of(entity)).enter()
        scene.lend(visitor.client)
        return visitor.list

    return way


def page_of(tab: str) -> Way:
    """Return the way to a tab of the page of the project that is there."""

    def way(scene: Scene) -> str:
        page = reverse("admin:integrations_project_change", args=[quote(scene.row(Project).pk)])
        return f"{page}?tab={tab}"

    return way


def refuse_a_color(page: Page) -> None:
    page.locator("input[name=accent_color]").fill("#33bbff")
    expect(page.get_by_text("Not readable")).to_be_visible()


def save_what_cannot_be(page: Page) -> None:
    refuse_a_color(page)
    page.locator("textarea").fill("http://plain.example.com/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing was saved")).to_be_visible()


def open_new_key(page: Page) -> None:
    page.locator("summary").first.click()


def _branded(scene: Scene, color: str) -> AuthConfig:
    project = Project.objects.create(
        name="Blue Robots",
        accent_color=color,
        allowed_callback_urls=[CALLBACK_URL],
        privacy_url="https://app.example.com/privacy",
        support_url="mailto:help@example.com",
    )
    set_logo(project=project, data=picture("PNG"))
    return AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": scene.provider.url},
    )


def _link(config: AuthConfig) -> str:
    issued = link_account(
        project=config.project,
        user_id="bob",
        auth_config=config,
        actor=SYSTEM,
        callback_url=CALLBACK_URL,
    )
    return issued.url


CONSOLE = [
    Shown("a project's members", "admin:integrations_project_change", page_of("members")),
    Shown(
        "a project's keys",
        "admin:integrations_project_change",
        page_of("keys"),
        then=open_new_key,
    ),
    Shown(
        "a project's colour that is refused",
        "admin:integrations_project_change",
        page_of("settings"),
        then=refuse_a_color,
    ),
    Shown(
        "a project that is not saved",
        "admin:integrations_project_change",
        page_of("settings"),
        then=save_what_cannot_be,
    ),
]
HOSTED = [
    Shown("a project's link in blue", "connect:link", in_color("#2563eb")),
    Shown("a project's link in black", "connect:link", in_color("#111827")),
    Shown("a project's portal in red", "connect:portal_accounts", portal_in_color("#d4380d")),
]
