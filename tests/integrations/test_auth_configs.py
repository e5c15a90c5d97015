"""Auth configs: created whole or refused with the field that is wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.auth_configs import create_auth_config
from integrations.errors import InvalidInput
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret

pytestmark = pytest.mark.django_db

PROVIDER = {"base_url": "http://127.0.0.1:8001"}


@pytest.fixture
def project(settings: Settings) -> Project:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    return Project.objects.create(name="Acme")


def create(project: Project, **changes: Any) -> AuthConfig:
    given: dict[str, Any] = {
        "name": "Notes",
        "toolkit": "sandbox",
        "client_id": "client",
        "client_secret": Secret("client-s3cret"),
        "parameters": PROVIDER,
    }
    return create_auth_config(project=project, **(given | changes))


def refused(project: Project, **changes: Any) -> list[str]:
    """Return the fields that are said to be wrong, having checked that nothing was stored."""
    with pytest.raises(InvalidInput) as caught:
        create(project, **changes)
    assert not AuthConfig.objects.exists()
    assert "s3cret" not in repr(caught.value.details)
    assert all(found["problem"] for found in caught.value.details["fields"])
    return [found["field"] for found in caught.value.details["fields"]]


def test_an_auth_config_is_stored_with_its_secret_sealed(project: Project) -> None:
    stored = AuthConfig.objects.get(pk=create(project).pk)
    assert stored.client_secret.reveal() == "client-s3cret"
    assert stored.requested_scopes == ["openid", "profile", "email", "notes:read"]


def test_own_scopes_replace_the_toolkits(project: Project) -> None:
    assert create(project, scopes=["openid"]).requested_scopes == ["openid"]


def test_what_tells_whose_account_it_is_is_asked_for_and_not_required(project: Project) -> None:
    config = create(project, scopes=["notes:read"], optional_scopes=["profile"])
    assert config.requested_scopes == ["notes:read", "profile", "openid"]
    assert config.required_scopes == ["notes:read"]


def test_the_redirect_uri_carries_the_auth_config(project: Project, settings: Settings) -> None:
    settings.BASE_URL = "https://grants.example.com"
    config = create(project)
    assert config.redirect_uri == f"https://grants.example.com/connect/callback/{config.pk}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"toolkit": "unknown"}, "toolkit"),
        ({"toolkit": "not a slug"}, "toolkit"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "cli\u00e9nt"}, "client_id"),
        ({"client_id": "client\n"}, "client_id"),
        ({"client_secret": Secret("s3cret\u00e9")}, "client_secret"),
        ({"client_secret": Secret("s3cret\r\n")}, "client_secret"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": PROVIDER | {"other": "x"}}, "parameters"),
        ({"scopes": [""]}, "scopes"),
        ({"scopes": ["x" * 501]}, "scopes"),
    ],
)
def test_what_is_wrong_is_named(project: Project, changes: dict[str, Any], field: str) -> None:
    assert refused(project, **changes) == [field]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254",
        "http://10.0.0.1",
        "https://10.0.0.1",
        "https://[::ffff:10.0.0.1]",
        "http://0x7f.1",
        "https://user@example.com",
        "ftp://127.0.0.1",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_server_that_may_not_be_called_is_refused(project: Project, url: str) -> None:
    assert refused(project, parameters={"base_url": url}) == ["parameters"]


def test_loopback_is_refused_in_production(project: Project, settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    assert refused(project) == ["parameters"]


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "nonce"],
)
def test_what_the_authorization_request_says_itself_cannot_be_changed(
    project: Project, name: str
) -> None:
    given = {"authorization_parameters": {"prompt": "consent", name: "x"}}
    assert refused(project, **given) == ["authorization_parameters"]


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "code", "code_verifier", "grant_type", "refresh_token"]
)
def test_what_the_token_request_says_itself_cannot_be_changed(project: Project, name: str) -> None:
    assert refused(project, token_parameters={name: "x"}) == ["token_parameters"]


def test_other_parameters_are_taken(project: Project) -> None:
    config = create(
        project,
        authorization_parameters={"prompt": "consent"},
        token_parameters={"audience": "https://api.example.com"},
    )
    assert config.token_parameters == {"audience": "https://api.example.com"}


def test_a_form_meets_the_same_rules(project: Project) -> None:
    config = AuthConfig(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        parameters=PROVIDER,
        token_parameters={"grant_type": "password"},
    )
    with pytest.raises(ValidationError, match="Evergrant sets grant_type itself"):
        config.full_clean()


MINUTE = timedelta(minutes=1)


def test_a_refused_client_is_news_once(project: Project) -> None:
    config = create(project)
    now = timezone.now()
    told = [config.mark_misconfigured(error="invalid_client", pause=MINUTE, now=now) for _ in "ab"]
    assert told == [True, False]
    config.refresh_from_db()
    assert config.configuration_failures == 1
    config.mark_working()
    config.refresh_from_db()
    assert (config.misconfigured_since, config.misconfigured_error) == (None, "")
    assert config.calls_blocked_until is None
