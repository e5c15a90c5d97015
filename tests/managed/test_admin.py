"""Managed apps in the console: for those who run the instance, and as a choice for the others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import AuthConfig, ManagedApp, Project
from integrations.secrets import SealedField, Secret
from tests.console.staff import every_permission, member, signed_in
from tests.managed.tenants import Tenant
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db

APPS = "/admin/integrations/managedapp/"
CONFIGS = "/admin/integrations/authconfig/"


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def github(db: None) -> ManagedApp:
    return ManagedApp.objects.create(
        name="Ours at GitHub", toolkit="github", client_id="gh", client_secret=Secret("g1")
    )


def page_of(row: ManagedApp | AuthConfig) -> str:
    return f"{APPS if isinstance(row, ManagedApp) else CONFIGS}{quote(row.pk)}/change/"


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def inputs(page: str, form: str) -> set[str]:
    """Return the names of the form's inputs."""
    body = page[page.index(f'id="{form}_form"') :].partition("</form>")[0]
    found = set(re.findall(r'<(?:input|select|textarea)\b[^>]*\bname="(\w+)"', body))
    return found - {"csrfmiddlewaretoken", "_save", "_addanother", "_continue"}


def test_an_app_is_added_by_its_toolkits_form(client: Client, provider: ScriptedProvider) -> None:
    form = {"name": "Ours", "parameter_base_url": provider.url, "client_id": "c"}
    form |= {"new_client_secret": "s", "scopes": "openid\nnotes:read"}
    page = text(client.post(f"{APPS}add/?toolkit=sandbox", form, follow=True))
    app = ManagedApp.objects.get()
    assert (app.toolkit, app.enabled, app.scopes) == ("sandbox", True, ["openid", "notes:read"])
    assert (app.client_secret.reveal(), app.parameters) == ("s", {"base_url": provider.url})
    assert f'data-copy="{app.redirect_uri}"' in page
    assert "Now register its redirect URI at Acme Notes." in page


def test_the_toolkits_to_choose_from_take_an_app(client: Client) -> None:
    page = text(client.get(f"{APPS}add/"))
    assert 'href="?toolkit=github"' in page
    assert 'href="?toolkit=openai"' not in page
    assert "Another service" not in page
    assert "Choose a toolkit" in text(client.get(f"{APPS}add/?toolkit=openai"))


def test_the_form_leads_to_where_the_app_is_registered(client: Client) -> None:
    page = text(client.get(f"{APPS}add/?toolkit=github"))
    asked = {"name", "client_id", "new_client_secret", "scopes"}
    further = {"authorization_parameters", "token_parameters"}
    assert inputs(page, "managedapp") == asked | further
    assert "https://github.com/settings/developers" in page
    assert "Approved scopes" in page


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_id": "é"}, "client_id"),
        ({"new_client_secret": ""}, "new_client_secret"),
        ({"parameter_base_url": "http://169.254.169.254"}, "parameter_base_url"),
        ({"token_parameters": "client_id=x"}, "token_parameters"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(
    client: Client, provider: ScriptedProvider, changed: dict[str, str], field: str
) -> None:
    form = {"name": "A", "parameter_base_url": provider.url, "client_id": "c"}
    form |= {"new_client_secret": "s"} | changed
    answer = client.post(f"{APPS}add/?toolkit=sandbox", form)
    assert answer.context["adminform"].form.errors.keys() == {field}
    assert not ManagedApp.objects.exists()


def test_a_new_secret_keeps_the_one_before_and_lets_calls_be_made(
    client: Client, ours: Tenant, app: ManagedApp
) -> None:
    refused = {"misconfigured_since": timezone.now(), "misconfigured_error": "invalid_client"}
    ManagedApp.objects.update(**refused)
    AuthConfig.objects.update(**refused)
    assert "for every project" in text(client.get(page_of(app)))
    form = {"name": app.name, "enabled": "on", "client_id": app.client_id}
    form |= {"parameter_base_url": app.parameters["base_url"], "new_client_secret": "s2"}
    assert client.post(page_of(app), form).status_code == 302
    app.refresh_from_db()
    assert (app.client_secret.reveal(), app.older_client_secrets.reveal()) == ("s2", '["s1"]')
    assert app.misconfigured_since is None
    assert AuthConfig.objects.get().misconfigured_since is None
    assert client.post(f"{APPS}{quote(app.pk)}/do/drop-older-secrets/").status_code == 302
    app.refresh_from_db()
    assert app.older_client_secrets is None


def test_the_list_says_who_uses_each_without_asking_for_each(
    client: Client, ours: Tenant, theirs: Tenant, github: ManagedApp, django_assert_num_queries: Any
) -> None:
    page = text(client.get(APPS))
    assert "2 auth configs in 2 projects" in page
    assert "nobody yet" in page
    assert "eg-mark" in page
    with django_assert_num_queries(5):
        client.get(APPS)


def test_no_page_opens_or_shows_the_secret(
    client: Client, ours: Tenant, app: ManagedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> str:
        pytest.fail("A page opened a sealed field.")

    monkeypatch.setattr(SealedField, "open_for", refuse)
    for page in (APPS, page_of(app), page_of(ours.config), CONFIGS, "/admin/"):
        assert client.get(page).status_code == 200


def test_an_app_in_use_is_not_deleted(client: Client, ours: Tenant, app: ManagedApp) -> None:
    url = f"{APPS}{quote(app.pk)}/do/delete/"
    assert url not in text(client.get(page_of(app)))
    assert "Disable it instead" in text(client.post(url, follow=True))
    ours.config.delete()
    assert url in text(client.get(page_of(app)))
    client.post(url)
    assert not ManagedApp.objects.exists()


def test_django_itself_deletes_no_app_and_reads_no_config(client: Client, app: ManagedApp) -> None:
    form = {"action": "delete_selected", "_selected_action": app.pk, "index": "0", "post": "yes"}
    client.post(APPS, form)
    assert client.post(f"{APPS}{quote(app.pk)}/delete/", {"post": "yes"}).status_code == 403
    assert ManagedApp.objects.exists()


def test_members_with_every_permission_see_no_managed_app(ours: Tenant, app: ManagedApp) -> None:
    browser = signed_in(member(ours.project, permissions=every_permission()))
    assert browser.get(APPS).status_code == 403
    for page in (page_of(app), f"{APPS}{quote(app.pk)}/do/drop-older-secrets/"):
        assert browser.get(page).status_code == 404
    assert browser.get(f"{APPS}add/?toolkit=github").status_code == 403
    assert APPS not in text(browser.get("/admin/"))


# --- On the auth configs' pages. ------------------------------------------------------------------


def test_a_new_auth_config_stands_on_the_instances_app_where_there_is_one(
    github: ManagedApp, project: Project
) -> None:
    browser = signed_in(member(project, permissions=every_permission()))
    add = f"{CONFIGS}add/?toolkit=github"
    page = text(browser.get(add))
    asked = {"name", "project", "scopes", "optional_scopes", "authorization_parameters"}
    assert inputs(page, "authconfig") == asked
    assert "An app of your own" in page
    form = {"name": "Code", "project": project.pk, "scopes": "gist"}
    page = text(browser.post(add, form, follow=True))
    config = AuthConfig.objects.get()
    assert (config.managed_app, config.client_id, config.scopes) == (github, "", ["gist"])
    assert "Now register" not in page
    assert "connect/callback" not in page
    assert "by this instance" in page


def test_an_app_of_ones_own_may_be_chosen_all_the_same(
    client: Client, github: ManagedApp, project: Project
) -> None:
    add = f"{CONFIGS}add/?toolkit=github&app=own"
    assert "client_id" in inputs(text(client.get(add)), "authconfig")
    form = {"name": "Code", "project": project.pk, "client_id": "c", "new_client_secret": "s"}
    client.post(add, form)
    config = AuthConfig.objects.get()
    assert (config.managed_app, config.client_id) == (None, "c")


def test_of_several_apps_each_is_a_choice(client: Client, github: ManagedApp) -> None:
    ManagedApp.objects.create(name="Second", toolkit="github", client_id="gh2")
    page = text(client.get(f"{CONFIGS}add/?toolkit=github"))
    assert "This instance&#x27;s app: Ours at GitHub" in page
    assert "This instance&#x27;s app: Second" in page


@pytest.mark.parametrize("query", ["toolkit=github&scheme=bearer", "toolkit=gitlab"])
def test_without_an_app_for_it_there_is_no_choice(
    client: Client, github: ManagedApp, query: str
) -> None:
    assert "An app of your own" not in text(client.get(f"{CONFIGS}add/?{query}"))


def test_scopes_that_the_app_is_not_approved_for_are_refused_at_their_field(
    client: Client, github: ManagedApp, project: Project
) -> None:
    ManagedApp.objects.update(scopes=["gist"])
    form = {"name": "Code", "project": project.pk, "scopes": "repo"}
    answer = client.post(f"{CONFIGS}add/?toolkit=github", form)
    assert answer.context["adminform"].form.errors.keys() == {"scopes"}


def test_the_form_offers_the_approved_scopes_only(client: Client, github: ManagedApp) -> None:
    ManagedApp.objects.update(scopes=["read:user", "user:email", "gist"])
    page = text(client.get(f"{CONFIGS}add/?toolkit=github"))
    assert "Create gists" in page
    assert "Manage webhooks of your repositories" not in page
    ManagedApp.objects.update(scopes=["gist"])
    page = text(client.get(f"{CONFIGS}add/?toolkit=github"))
    assert "not approved for read:user, user:email" in page


def test_the_list_is_narrowed_by_whose_app(
    client: Client, ours: Tenant, auth_config: AuthConfig, app: ManagedApp
) -> None:
    def found(query: str) -> list[Any]:
        return list(client.get(f"{CONFIGS}?app={query}").context["cl"].result_list)

    assert f"{CONFIGS}?app={app.pk}" in text(client.get(page_of(app)))
    assert found(app.pk) == found("managed") == [ours.config]
    assert found("own") == [auth_config]


def test_a_managed_config_is_changed_but_for_its_client(client: Client, ours: Tenant) -> None:
    page = text(client.get(page_of(ours.config)))
    assert {"client_id", "new_client_secret", "callback_url"}.isdisjoint(inputs(page, "authconfig"))
    form = {"name": "New name", "enabled": "on", "client_id": "sneaked"}
    assert client.post(page_of(ours.config), form).status_code == 302
    config = AuthConfig.objects.get()
    assert (config.name, config.client_id, config.managed_app) == (
        "New name",
        "",
        ours.config.managed_app,
    )


def refused_in_overview(browser: Client) -> list[str]:
    items = browser.get("/admin/").context["attention"]
    return [item.url for item in items if "is refused" in item.title]


def test_the_overview_says_once_that_an_app_is_refused(
    client: Client, ours: Tenant, theirs: Tenant, app: ManagedApp
) -> None:
    refused = {"misconfigured_since": timezone.now(), "misconfigured_error": "invalid_client"}
    ManagedApp.objects.update(**refused)
    AuthConfig.objects.update(**refused)
    assert refused_in_overview(client) == [page_of(app)]
    browser = signed_in(member(ours.project, permissions=every_permission()))
    assert refused_in_overview(browser) == [page_of(ours.config)]
    assert "Whoever runs the instance can correct it" in text(browser.get(page_of(ours.config)))
