"""Choosing a toolkit in the console, and what the form of an auth config then asks for."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client

from integrations.admin.auth_config_fields import declared, sections
from integrations.admin.auth_config_form import form_of
from integrations.admin.toolkit_choice import list_of_toolkits, rows
from integrations.admin.toolkit_marks import HUES, hue, initials, scheme_explained
from integrations.catalog import all_toolkits, get_toolkit
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.console.staff import member, signed_in

CONFIGS = "/admin/integrations/authconfig/"
ADD = f"{CONFIGS}add/"
CLIENT = {"client_id": "client", "new_client_secret": "secret"}
OAUTH = (
    "callback_url",
    "client_id",
    "new_client_secret",
    "scopes",
    "optional_scopes",
    "authorization_parameters",
    "token_parameters",
)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def config(project: Project) -> AuthConfig:
    return AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="github",
        client_id="client",
        client_secret=Secret("first"),
    )


def page_of(config: AuthConfig) -> str:
    return f"{CONFIGS}{quote(config.pk)}/change/"


def text(client: Client, query: str = "") -> str:
    answer = client.get(f"{ADD}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def slugs_in(page: str) -> list[str]:
    """Return the slugs of the toolkits that the list shows."""
    shown = r'data-category="\w+">\s*<a class="eg-kit" href="\?toolkit=([\w-]+)"'
    return re.findall(shown, page)


def fitting(query: str) -> list[str]:
    """Return the slugs of the toolkits that fit a query, without the page."""
    return [row.slug for row, fits in list_of_toolkits(QueryDict(query))["rows"] if fits]


def inputs(page: str) -> set[str]:
    """Return the names of the form's inputs."""
    form = page[page.index('id="authconfig_form"') :].partition("</form>")[0]
    return set(re.findall(r'<(?:input|select|textarea)\b[^>]*\bname="(\w+)"', form)) - HIDDEN


HIDDEN = {"csrfmiddlewaretoken", "_save", "_addanother", "_continue"}


def test_the_list_has_every_toolkit_by_name(client: Client) -> None:
    names = [row.name for row in rows()]
    assert names == sorted(names, key=str.casefold)
    assert set(slugs_in(text(client))) == set(all_toolkits())


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("q=GitHub", "github"),
        ("q=repositories+TOKEN", "github"),
        ("q=oauth+1.0a", "trello"),
        ("category=crm", "salesforce"),
        ("q=sales&category=crm", "salesforce"),
    ],
)
def test_the_list_is_searched_by_words_and_category(query: str, slug: str) -> None:
    shown = fitting(query)
    assert slug in shown
    assert len(shown) < 60


def test_a_search_without_a_result_says_so(client: Client) -> None:
    page = text(client, "?q=%3Cb%3Enothing")
    assert slugs_in(page) == []
    assert re.search(r"data-none>\s*<p>No toolkit fits", page)
    assert "<b>nothing" not in page


@pytest.mark.parametrize("query", ["category=nonsense", "q=%00", "toolkit=nonsense"])
def test_what_the_list_does_not_know_narrows_nothing(query: str) -> None:
    assert len(fitting(query)) == len(all_toolkits())


def test_an_unknown_toolkit_leads_to_the_list(client: Client) -> None:
    assert slugs_in(text(client, "?toolkit=nonsense&q=slack")) == ["slack"]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("GitHub", "GH"),
        ("Slack", "Sl"),
        ("Google Calendar", "GC"),
        ("X", "X"),
        ("monday.com", "Mo"),
    ],
)
def test_a_toolkits_mark_has_its_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_mark_keeps_its_colour() -> None:
    assert (hue("github"), hue("slack")) == (hue("github"), hue("slack"))
    assert {hue(slug) for slug in all_toolkits()} == set(range(HUES))


def test_every_toolkit_has_a_form_for_each_of_its_schemes() -> None:
    for slug, kit in all_toolkits().items():
        for scheme in kit.schemes:
            parts = sections(kit, scheme, added=False, testing_mode=False)
            asked = [name for _, part in parts for name in part["fields"]]
            fields = form_of(kit, scheme, asked).declared_fields.keys() | {"client_id"} & {*asked}
            assert {f"parameter_{name}" for name in kit.parameters} <= fields, slug
            assert ("client_id" in fields) is scheme.startswith("oauth"), slug


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("github", {*OAUTH}),
        ("github&scheme=bearer", set()),
        ("gmail", {*OAUTH, "testing_mode"}),
        ("gmail&scheme=service_account", {"scopes"}),
        ("gitea", {*OAUTH, "parameter_server"}),
        ("gitea&scheme=bearer", {"parameter_server"}),
        ("openai&scheme=nonsense", set()),
        ("trello", {*OAUTH} - {"token_parameters"}),
        ("lichess", {*OAUTH} - {"new_client_secret"}),
    ],
)
def test_a_form_asks_for_what_its_scheme_needs(client: Client, query: str, asked: set[str]) -> None:
    assert inputs(text(client, f"?toolkit={query}")) == {"name", "project"} | asked


def test_the_form_tells_what_is_known_of_the_toolkit(client: Client) -> None:
    page = text(client, "?toolkit=zendesk")
    assert 'href="?toolkit=zendesk&amp;scheme=basic"' in page
    assert "Each is asked for: Zendesk subdomain." in page
    assert f'href="{get_toolkit("zendesk").docs_url}"' in page
    assert "Not confirmed there: the call that tells whose account it is" in page
    assert "Create and change tickets" in page
    assert "Shown here once this is saved" in page


def test_the_form_of_an_oauth_toolkit_leads_to_where_its_app_is_registered(client: Client) -> None:
    console = f'href="{get_toolkit("github").console_url}"'
    assert console in text(client, "?toolkit=github")
    by_token = text(client, "?toolkit=github&scheme=bearer")
    assert console not in by_token
    assert "Each person is asked for: Personal access token" in by_token


def test_a_key_config_needs_a_name_only(client: Client, project: Project) -> None:
    form = {"name": "Keys", "project": project.pk}
    answer = client.post(f"{ADD}?toolkit=github&scheme=bearer", form)
    config = AuthConfig.objects.get()
    assert answer.headers["Location"] == page_of(config)
    assert (config.toolkit, config.scheme, config.client_id) == ("github", "bearer", "")


def test_a_new_oauth_config_leads_to_its_redirect_uri(client: Client, project: Project) -> None:
    form = {"name": "Notes", "project": project.pk, **CLIENT, "optional_scopes": "gist"}
    page = client.post(f"{ADD}?toolkit=github", form, follow=True).content.decode()
    config = AuthConfig.objects.get()
    assert (config.scheme, config.optional_scopes) == ("oauth2", ["gist"])
    assert f'data-copy="{config.redirect_uri}"' in page
    assert "Now register its redirect URI at GitHub." in page


def test_a_form_with_an_error_shows_no_redirect_uri_yet(client: Client, project: Project) -> None:
    answer = client.post(f"{ADD}?toolkit=github", {"project": project.pk, "name": "Notes"})
    errors = answer.context["adminform"].form.errors
    assert {name: len(told) for name, told in errors.items()} == {
        "client_id": 1,
        "new_client_secret": 1,
    }
    assert "connect/callback" not in answer.content.decode()


def test_another_client_needs_its_secret(client: Client, config: AuthConfig) -> None:
    changed = {"name": "Notes", "client_id": "another", "enabled": "on"}
    answer = client.post(page_of(config), changed)
    assert answer.context["adminform"].form.errors.keys() == {"new_client_secret"}
    client.post(page_of(config), changed | {"new_client_secret": "its secret"})
    config.refresh_from_db()
    assert (config.client_id, config.client_secret.reveal()) == ("another", "its secret")
    assert config.former_clients is not None


def test_a_replaced_secret_stays_until_it_is_dropped(client: Client, config: AuthConfig) -> None:
    drop = f"{page_of(config).removesuffix('change/')}do/drop-older-secrets/"
    assert drop not in client.get(page_of(config)).content.decode()
    form = {"name": "Notes", "client_id": "client", "enabled": "on", "new_client_secret": "second"}
    client.post(page_of(config), form)
    page = client.get(page_of(config)).content.decode()
    assert "the one before it stays as a fallback until you drop it" in page
    assert drop in page
    client.post(drop)
    config.refresh_from_db()
    assert config.client_secret.reveal() == "second"
    assert not AuthConfig.objects.exclude(older_client_secrets=None).exists()


def test_oauth_1_is_said_to_sign_with_one_secret_only(client: Client, config: AuthConfig) -> None:
    AuthConfig.objects.update(toolkit="trello", scheme="oauth1")
    page = client.get(page_of(config)).content.decode()
    assert "OAuth 1 signs with one secret only" in page
    assert "stays as a fallback" not in page


@pytest.mark.parametrize("secret", ["pass\u00e9", "two\nlines"])
def test_a_secret_that_no_client_can_have_is_refused(
    client: Client, config: AuthConfig, secret: str
) -> None:
    form = {"name": "Notes", "client_id": "client", "new_client_secret": secret}
    answer = client.post(page_of(config), form)
    assert "new_client_secret" in answer.context["adminform"].form.errors


def test_a_private_key_is_asked_for_with_its_lines_and_not_given_back() -> None:
    kit = get_toolkit("github").model_copy(update={"client_auth": "private_key_jwt"})
    field = declared(kit, "oauth2", ["new_client_secret"])["new_client_secret"]
    assert field
    assert "textarea" in (shown := field.widget.render("new_client_secret", "-----BEGIN"))
    assert "BEGIN" not in shown


def test_a_reserved_parameter_is_refused_where_it_was_typed(
    client: Client, config: AuthConfig
) -> None:
    form = {"name": "Notes", "client_id": "client", "authorization_parameters": "state=mine"}
    answer = client.post(page_of(config), form)
    assert "authorization_parameters" in answer.context["adminform"].form.errors


def test_configs_are_listed_by_their_scheme(client: Client, config: AuthConfig) -> None:
    by_key = AuthConfig.objects.create(
        project=config.project, name="Keys", toolkit="github", scheme="bearer"
    )
    answer = client.get(CONFIGS, {"scheme": "bearer"})
    assert list(answer.context["cl"].result_list) == [by_key]
    assert "Bearer token" in answer.content.decode()


@pytest.mark.parametrize("lost", [{"toolkit": "gone"}, {"scheme": "basic"}])
def test_a_config_whose_toolkit_is_lost_can_be_looked_at_only(
    client: Client, config: AuthConfig, lost: dict[str, str]
) -> None:
    AuthConfig.objects.update(**lost)
    assert "The catalog has lost this toolkit" in client.get(page_of(config)).content.decode()
    assert client.post(page_of(config), {"name": "x"}).status_code == 403


def test_only_who_may_add_sees_the_toolkits(project: Project) -> None:
    seen = ("integrations.view_authconfig", "integrations.change_authconfig")
    changer = signed_in(member(project, permissions=seen, username="changer"))
    assert changer.get(ADD).status_code == 403
    assert changer.get(f"{ADD}?toolkit=github").status_code == 403


def test_a_viewer_sees_facts_and_no_inputs(project: Project, config: AuthConfig) -> None:
    seen = ("integrations.view_authconfig",)
    viewer = signed_in(member(project, permissions=seen, username="viewer"))
    page = viewer.get(page_of(config)).content.decode()
    assert inputs(page) == set()
    assert f'data-copy="{config.redirect_uri}"' in page
    assert "the toolkit&#x27;s defaults" in page


def test_a_key_is_explained_with_all_that_is_asked_beside_it() -> None:
    gong = get_toolkit("gong")
    asked = "Each person is asked for: API base URL, Access key, Access key secret."
    assert asked in scheme_explained(gong, "basic")
    assert "API base URL" not in scheme_explained(gong, "oauth2")
