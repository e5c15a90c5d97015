"""Auth configs, API keys and projects in the console."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import ApiKey, AuthConfig, Project
from integrations.secrets import Secret
from tests.console.staff import every_permission, member, signed_in

CONFIGS = "/admin/integrations/authconfig/"
KEYS = "/admin/integrations/apikey/"
ADD = f"{CONFIGS}add/?toolkit=sandbox"
BASE_URL = "http://127.0.0.1:8001"


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def client(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


@pytest.fixture
def config(project: Project) -> AuthConfig:
    return AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("first secret"),
        parameters={"base_url": "http://127.0.0.1:8001"},
        misconfigured_since=timezone.now(),
        misconfigured_error="invalid_client",
    )


def filled(project: Project | None = None, **changes: str) -> dict[str, str]:
    """Return the form of an auth config as a person fills it in."""
    form = {"name": "Notes", "client_id": "client", "parameter_base_url": BASE_URL, "enabled": "on"}
    if project:
        form |= {"project": project.pk, "new_client_secret": "first secret"}
    return form | changes


def test_the_form_says_what_is_asked_for_besides(client: Client) -> None:
    page = client.get(f"{CONFIGS}add/?toolkit=gmail&scheme=oauth2").content.decode()
    told = 'tell whose account it is: <code class="eg-chip">email</code>'
    assert told in page
    assert (
        "whose account it is:" not in client.get(f"{CONFIGS}add/?toolkit=github").content.decode()
    )


def test_a_new_auth_config_keeps_its_secret_sealed(client: Client, project: Project) -> None:
    answer = client.post(ADD, filled(project, scopes="openid\nemail\n\nopenid"))
    assert answer.status_code == 302
    config = AuthConfig.objects.get()
    assert config.client_secret.reveal() == "first secret"
    assert (config.project, config.scopes) == (project, ["openid", "email"])
    assert config.parameters == {"base_url": "http://127.0.0.1:8001"}


def test_an_empty_secret_keeps_the_stored_one(client: Client, config: AuthConfig) -> None:
    client.post(f"{CONFIGS}{config.pk}/change/", filled(name="Renamed"))
    config.refresh_from_db()
    assert (config.name, config.client_secret.reveal()) == ("Renamed", "first secret")


def test_a_new_secret_replaces_the_old_and_ends_the_alarm(
    client: Client, config: AuthConfig
) -> None:
    client.post(f"{CONFIGS}{config.pk}/change/", filled(new_client_secret="second secret"))
    config.refresh_from_db()
    assert config.client_secret.reveal() == "second secret"
    assert config.misconfigured_since is None


def test_the_secret_is_not_given_back_even_with_an_error(
    client: Client, config: AuthConfig
) -> None:
    form = filled(new_client_secret="second secret", name="")
    page = client.post(f"{CONFIGS}{config.pk}/change/", form).content.decode()
    assert "This field is required" in page
    assert "second secret" not in page


def test_the_page_tells_the_redirect_uri_and_what_is_misconfigured(
    client: Client, config: AuthConfig
) -> None:
    page = client.get(f"{CONFIGS}{config.pk}/change/").content.decode()
    assert f"http://testserver/connect/callback/{config.pk}" in page
    assert "The provider refuses this client (invalid_client)" in page


@pytest.mark.parametrize("base_url", ["http://169.254.169.254", "https://10.0.0.1", "", "nonsense"])
def test_parameters_that_cannot_work_are_refused(
    client: Client, project: Project, base_url: str
) -> None:
    answer = client.post(ADD, filled(project, parameter_base_url=base_url))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"parameter_base_url"}
    assert not AuthConfig.objects.exists()


def test_an_auth_config_cannot_be_put_into_another_project(client: Client) -> None:
    other = Project.objects.create(name="Other")
    answer = client.post(ADD, filled(other))
    assert "project" in answer.context["adminform"].form.errors
    assert not AuthConfig.objects.exists()


def test_a_viewer_of_auth_configs_changes_nothing(project: Project, config: AuthConfig) -> None:
    viewer = signed_in(
        member(project, permissions=("integrations.view_authconfig",), username="viewer")
    )
    page = f"{CONFIGS}{config.pk}/change/"
    assert 'name="new_client_secret"' not in viewer.get(page).content.decode()
    assert viewer.post(page, filled(name="Renamed")).status_code == 403


def test_a_new_api_key_is_shown_once_and_works(client: Client, project: Project) -> None:
    form = {"project": project.pk, "name": "Server", "scopes": ["read"]}
    answer = client.post(f"{KEYS}add/", form)
    text = re.search(r">(eg_[\w-]+)<", answer.content.decode())
    assert text
    key = ApiKey.objects.presented(text[1], now=timezone.now())
    assert key
    assert (key.project, key.scopes) == (project, ["read"])
    assert "no-store" in answer["Cache-Control"]
    assert text[1] not in client.get(f"{KEYS}{key.pk}/change/").content.decode()


def test_a_revoked_api_key_is_worthless(client: Client, project: Project) -> None:
    key = ApiKey(project=project, name="Server")
    text = key.issue()
    client.post(f"{KEYS}{key.pk}/do/revoke/")
    assert ApiKey.objects.presented(text, now=timezone.now()) is None


def test_an_api_key_is_never_edited(client: Client, project: Project) -> None:
    key = ApiKey(project=project, name="Server")
    key.issue()
    assert client.post(f"{KEYS}{key.pk}/change/", {"name": "Mine"}).status_code == 403
    assert client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"}).status_code == 403
