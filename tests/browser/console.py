"""Every page of the console: those that each model has, and a line for each there is besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page

from connections.admin.incidents import incident_url
from connections.models import BulkJob, ConnectedAccount, Reason, Status
from connections.models.bulk import Extent, Kind
from integrations.admin.operations import OperationsAdmin
from integrations.models import ApiKey
from tests.browser import project_ways
from tests.browser.hosted_ways import Way, to
from tests.browser.scene import Scene
from tests.browser.shown import Shown
from tests.bulk import start_on, work
from tests.console.pages import address

ACCOUNTS = address(ConnectedAccount, "changelist")
CONFIGS = reverse("admin:integrations_authconfig_add")
NEW_KEY = address(ApiKey, "add")


def view_of(model: type[Model], name: str) -> str:
    """Return the name of an address of ``model``."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"


def of_row(model: type[Model], name: str, *more: str) -> Way:
    """Return the way to a page of the row of ``model`` that is there."""
    view = view_of(model, name)
    return lambda scene: reverse(view, args=[quote(scene.row(model).pk), *more])


def standard_pages() -> Iterator[Shown]:
    """Yield what each registered model has: list, form to add, row, deletion, operations."""
    request = RequestFactory().get("/")
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    for model, page in admin.site._registry.items():
        label = model._meta.model_name or ""
        yield Shown(f"{label} list", view_of(model, "changelist"), to(address(model, "changelist")))
        if page.has_add_permission(request):
            yield Shown(f"{label} add", view_of(model, "add"), to(address(model, "add")))
        yield Shown(f"{label} row", view_of(model, "change"), of_row(model, "change"))
        if page.has_delete_permission(request):
            yield Shown(f"{label} delete", view_of(model, "delete"), of_row(model, "delete"))
        yield from operations_of(model, page)


def operations_of(model: type[Model], page: ModelAdmin[Model]) -> Iterator[Shown]:
    """Yield the question that each operation asks."""
    for operation in page.operations if isinstance(page, OperationsAdmin) else ():
        way = of_row(model, "operation", operation.name)
        yield Shown(f"{model._meta.model_name} {operation.name}", view_of(model, "operation"), way)


def account_in(**facts: object) -> Way:
    """Return the way to an account of which ``facts`` hold."""
    return lambda scene: address(ConnectedAccount, "change", scene.account(**facts).pk)


def click(role: str, name: str) -> Callable[[Page], None]:
    """Return what presses something."""
    return lambda page: page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type] # a name of ARIA


def press(page: Page, name: str) -> None:
    """Press a button that leads to another page."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def save(page: Page) -> None:
    press(page, "Save")


def new_key(page: Page) -> None:
    page.get_by_label("Name").fill("A key")
    page.locator("#id_project").select_option(index=1)
    save(page)


def select_all(page: Page) -> None:
    page.locator("#result_list input.action-select").first.check()


def ask_for_many(page: Page) -> None:
    select_all(page)
    page.locator("select[name=action]").select_option("revoke")
    press(page, "Run")


def incident(scene: Scene) -> str:
    """Lead to the question that ends everything of one auth config."""
    return incident_url(Extent.AUTH_CONFIG, scene.oauth.pk)


def job_waiting(scene: Scene) -> str:
    job = start_on(Kind.LINK, scene.operator, scene.account(), scene.account())
    return address(BulkJob, "change", job.pk)


def job_done(scene: Scene) -> str:
    path = job_waiting(scene)
    work()
    return path


def typed_wrong(page: Page) -> None:
    page.get_by_label("Why?").fill("The client's secret leaked")
    page.get_by_label("To confirm, type").fill("Nots")
    with page.expect_navigation():
        page.keyboard.press("Enter")


DEAD = {"status": Status.EXPIRED, "status_reason": Reason.GRANT_REVOKED}
SPECIAL = [
    Shown("overview", "admin:index", to(reverse("admin:index"))),
    Shown("models", "admin:app_list", to(reverse("admin:app_list", args=["webhooks"]))),
    Shown("password", "admin:password_change", to(reverse("admin:password_change"))),
    Shown(
        "password changed",
        "admin:password_change_done",
        to(reverse("admin:password_change_done")),
    ),
    Shown(
        "somebody's password", "admin:auth_user_password_change", of_row(User, "password_change")
    ),
    Shown("refused", "400", to("/admin/connections/entity/?q=%00"), 400),
    Shown("a dead account", "admin:connections_connectedaccount_change", account_in(**DEAD)),
    Shown(
        "a failing account",
        "admin:connections_connectedaccount_change",
        account_in(refresh_failures=3),
    ),
    Shown(
        "filters",
        view_of(ConnectedAccount, "changelist"),
        to(ACCOUNTS),
        then=click("button", "Filters"),
    ),
    Shown("filtered", view_of(ConnectedAccount, "changelist"), to(f"{ACCOUNTS}?status=ACTIVE")),
    Shown("sorted", view_of(ConnectedAccount, "changelist"), to(f"{ACCOUNTS}?o=4")),
    Shown("nothing found", view_of(ConnectedAccount, "changelist"), to(f"{ACCOUNTS}?q=zzzz")),
    Shown("selected", view_of(ConnectedAccount, "changelist"), to(ACCOUNTS), then=select_all),
    Shown(
        "a question of many",
        view_of(ConnectedAccount, "changelist"),
        to(ACCOUNTS),
        then=ask_for_many,
    ),
    Shown(
        "a person's menu", "admin:index", to(reverse("admin:index")), then=click("button", "olga")
    ),
    Shown(
        "a key's form with errors",
        view_of(ApiKey, "add"),
        to(NEW_KEY),
        then=save,
    ),
    Shown("shown once", view_of(ApiKey, "add"), to(NEW_KEY), then=new_key),
    Shown("a config's form", "admin:integrations_authconfig_add", to(f"{CONFIGS}?toolkit=github")),
    Shown(
        "a key config's form", "admin:integrations_authconfig_add", to(f"{CONFIGS}?toolkit=stripe")
    ),
    *(
        Shown(
            f"another service by {way}",
            "admin:integrations_authconfig_add",
            to(f"{CONFIGS}?service={way}"),
        )
        for way in ("mcp", "issuer", "description")
    ),
    Shown(
        "a managed app's form",
        "admin:integrations_managedapp_add",
        to(f"{reverse('admin:integrations_managedapp_add')}?toolkit=github"),
    ),
    Shown("a job that waits", "admin:connections_bulkjob_change", job_waiting),
    Shown("a job that is done", "admin:connections_bulkjob_change", job_done),
    Shown("incident", "admin:connections_incident", to(reverse("admin:connections_incident"))),
    Shown("an incident", "admin:connections_incident", incident),
    Shown("an incident mistyped", "admin:connections_incident", incident, then=typed_wrong),
    # The operators' own pages outside of the console.
    Shown("leaving", "account_logout", to(reverse("account_logout"))),
    Shown("own password", "account_change_password", to(reverse("account_change_password"))),
    Shown("proving oneself", "account_reauthenticate", to(reverse("account_reauthenticate"))),
]
# Whoever runs the instance sees these.
PAGES = [*standard_pages(), *SPECIAL, *project_ways.CONSOLE]
