"""Auth configs that describe a service of their own: what is taken, and what is refused where."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.auth_configs import create_auth_config, update_auth_config
from integrations.described.patterns import problems_of_patterns
from integrations.errors import InvalidInput
from integrations.models import AuthConfig, Project
from tests.described_services import create_described, key_service, oauth_service

pytestmark = pytest.mark.django_db

HERE = "http://127.0.0.1:8001"


@pytest.fixture
def project(settings: Settings) -> Project:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    return Project.objects.create(name="Acme")


def problems(project: Project, service: Any, **changes: Any) -> dict[str, str]:
    """Return what is said to be wrong by field, having checked that nothing was stored."""
    with pytest.raises(InvalidInput) as caught:
        create_described(project, service, **changes)
    assert not AuthConfig.objects.exists()
    return {found["field"]: found["problem"] for found in caught.value.details["fields"]}


def test_a_described_service_is_a_toolkit_like_any_other(project: Project) -> None:
    config = create_described(project, oauth_service(HERE))
    stored = AuthConfig.objects.get(pk=config.pk)
    assert (stored.toolkit, stored.toolkit_name, stored.scheme) == (
        "house-crm",
        "House CRM",
        "oauth2",
    )
    assert stored.catalog_entry.category == "custom"
    assert stored.requested_scopes == ["notes:read"]


def test_a_name_is_needed_once_only(project: Project) -> None:
    service = key_service(HERE)
    del service["name"]
    config = create_described(project, service, name="Meters in the cellar")
    assert (config.toolkit, config.toolkit_name) == (
        "meters-in-the-cellar",
        "Meters in the cellar",
    )
    assert (config.scheme, config.client_id) == ("api_key", "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"token_url": "somewhere"}, "service.token_url"),
        ({"base_url": "somewhere"}, "service.base_url"),
        ({"tokn_url": "https://example.com"}, "service.tokn_url"),
        ({"pkce": "perhaps"}, "service.pkce"),
        ({"token_url": ""}, "service"),
        ({"identity": {"id_path": "sub"}}, "service.identity.url"),
        ({"slug": "mine"}, "service.slug"),
        ({"extends": "google"}, "service.extends"),
        ({"allauth": "github"}, "service.allauth"),
        ({"name": " "}, "service.name"),
        ({"name": "x" * 101}, "service.name"),
        ({"category": "nonsense"}, "service.category"),
        ({"description": "\x00"}, "service"),
        ({"description": "\ud800"}, "service"),
        ({"refresh_share": float("nan")}, "service"),
        ({"probe": {"every_seconds": 10**15}}, "service.probe.every_seconds"),
        ({"access_token_seconds": 10**15}, "service.access_token_seconds"),
        ({"refresh_token": {"idle_seconds": 10**15}}, "service.refresh_token.idle_seconds"),
        (
            {"rotation": "rotates_with_grace", "grace_seconds": 10**400},
            "service.grace_seconds",
        ),
        ({"description": {"a", "set"}}, "service"),
        ({"scope_descriptions": {"x": "y" * 65_536}}, "service"),
        ({"base_url": "{tenant}/v1"}, "service"),
        ({"token_headers": {"X-Version": "1\r\nX-Other: 2"}}, "service.token_headers"),
        ({"token_headers": {"Host": "other.example"}}, "service.token_headers"),
    ],
)
def test_what_is_wrong_with_a_description_is_told_at_its_field(
    project: Project, changes: dict[str, Any], field: str
) -> None:
    assert list(problems(project, oauth_service(HERE, **changes))) == [field]


@pytest.mark.parametrize("service", [[], "name: x", 7])
def test_a_description_is_a_mapping(project: Project, service: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_auth_config(project=project, name="x", service=service)
    assert caught.value.details["fields"][0]["field"] == "service"


def _rules(pattern: str) -> list[dict[str, str]]:
    return [{"error": "invalid_grant", "description": pattern}]


def _shop(pattern: str, **more: str) -> dict[str, Any]:
    return {"shop": {"label": "Shop", "pattern": pattern} | more}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"terminal": _rules("(a+)+$")}, "service.terminal.0.description"),
        ({"transient": _rules("(a|a)*b")}, "service.transient.0.description"),
        (
            {"identity": {"url": HERE, "dead": _rules("(.*,){9}x")}},
            "service.identity.dead.0.description",
        ),
        ({"connection_parameters": _shop("([a-z]+)*")}, "service.connection_parameters.shop"),
        ({"connection_parameters": _shop("[a-z/]+")}, "service.connection_parameters.shop"),
        # Matched with its own default it would run for ever.
        (
            {"connection_parameters": _shop("(a+)+", default="a" * 40 + "!")},
            "service.connection_parameters.shop",
        ),
        ({"terminal": _rules("a") * 41}, "service"),
    ],
)
def test_an_expression_that_may_take_for_ever_or_leads_elsewhere_is_refused(
    project: Project, changes: dict[str, Any], field: str
) -> None:
    [told] = problems(project, oauth_service(HERE, **changes))
    assert told.removesuffix(".pattern") == field


def test_a_default_fits_its_pattern(project: Project) -> None:
    service = oauth_service(HERE, connection_parameters=_shop("[a-z]+", default="7"))
    assert list(problems(project, service)) == ["service.connection_parameters.shop.default"]


@pytest.mark.parametrize("pattern", ["a{99999999999999999999}", "(" * 9000, "("])
def test_what_is_no_expression_is_refused(project: Project, pattern: str) -> None:
    [told] = problems(project, oauth_service(HERE, connection_parameters=_shop(pattern))).values()
    assert told.startswith("is not a regular expression")


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "x" * 501, "(?=a)b", r"(a)\1"])
def test_a_slow_expression_of_a_key_is_refused(project: Project, pattern: str) -> None:
    service = key_service(HERE)
    service["keys"][0]["fields"][0]["pattern"] = pattern
    assert list(problems(project, service)) == ["service.keys.0.fields.0.pattern"]


def test_the_usual_expressions_are_let_through(project: Project) -> None:
    service = oauth_service(
        HERE,
        base_url="https://{shop}.example.com",
        connection_parameters=_shop("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"),
        terminal=_rules("[Tt]oken (has been )?revoked"),
        keys=key_service(HERE)["keys"],
    )
    config = create_described(project, service)
    assert list(problems_of_patterns(config.whole_toolkit)) == []


@pytest.mark.parametrize(
    "path", ["authorization_url", "token_url", "revocation_url", "refresh_url", "base_url"]
)
@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/x", "https://169.254.169.254/latest", "http://example.com/x"]
)
def test_a_private_address_in_a_description_is_refused(
    project: Project, path: str, url: str
) -> None:
    assert list(problems(project, oauth_service(HERE, **{path: url}))) == [f"service.{path}"]


def test_a_private_address_within_a_part_is_refused_too(project: Project) -> None:
    metadata = "https://169.254.169.254/latest"
    service = key_service(HERE)
    service["keys"][0]["identity"] = {"url": metadata}
    assert list(problems(project, service)) == ["service.keys.0.identity.url"]
    parameter = {"label": "Site", "pattern": "[a-z]+", "source": "call", "path": "x"}
    service = oauth_service(HERE, connection_parameters={"site": parameter | {"url": metadata}})
    assert list(problems(project, service)) == ["service.connection_parameters.site.url"]
    service = oauth_service(
        HERE, revocation_url=None, revocation={"url": metadata, "auth": "token"}
    )
    assert list(problems(project, service)) == ["service.revocation.url"]


def test_an_address_of_the_catalogs_own_gets_no_special_way(
    project: Project, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    assert list(problems(project, oauth_service(HERE))) == ["service.base_url"]


def test_a_host_that_an_account_names_is_called_by_https_only(project: Project) -> None:
    service = oauth_service(
        HERE, base_url="http://{shop}.example.com", connection_parameters=_shop("[a-z]+")
    )
    assert list(problems(project, service)) == ["service.base_url"]


def test_a_parameter_that_leads_to_a_private_address_is_named_itself(project: Project) -> None:
    service = oauth_service(HERE, base_url="{site}/v1", parameters={"site": "Where it is."})
    given = {"parameters": {"site": "https://10.0.0.1"}}
    assert list(problems(project, service, **given)) == ["parameters"]
    config = create_described(project, service, parameters={"site": HERE})
    assert config.catalog_entry.base_url == f"{HERE}/v1"


def test_a_description_that_names_many_hosts_is_refused(project: Project) -> None:
    parameters = {
        f"p{number}": {
            "label": "x",
            "pattern": "[a-z]+",
            "source": "call",
            "path": "x",
            "url": f"https://h{number}.example.com",
        }
        for number in range(11)
    }
    service = oauth_service(HERE, connection_parameters=parameters)
    assert list(problems(project, service)) == ["service"]


def test_a_slug_of_the_catalog_is_taken(project: Project) -> None:
    assert list(problems(project, oauth_service(HERE), toolkit="github")) == ["toolkit"]
    assert list(problems(project, oauth_service(HERE), toolkit="Not a slug")) == ["toolkit"]


def test_a_slug_that_nobody_gave_is_nobody_elses(project: Project) -> None:
    first = create_described(project, oauth_service(HERE, name="GitHub"))
    second = create_described(project, key_service(HERE, name="GitHub"))
    assert (first.toolkit, second.toolkit) == ("github-own", "github-own-2")
    unnamed = create_described(project, key_service(HERE, name="\u5bb6"))
    assert unnamed.toolkit == "service"


def test_two_configs_may_be_for_one_service(project: Project) -> None:
    configs = [
        create_described(project, oauth_service(HERE), toolkit="house_crm") for _ in range(2)
    ]
    assert [config.toolkit for config in configs] == ["house_crm", "house_crm"]


def test_a_new_description_takes_the_place_of_the_old_one(project: Project) -> None:
    config = create_described(project, oauth_service(HERE))
    config.misconfigured_error = "invalid_client"
    changed = oauth_service(HERE, rotation="none")
    del changed["name"]
    update_auth_config(auth_config=config, service=changed)
    config = AuthConfig.objects.get()
    assert (config.catalog_entry.rotation, config.toolkit_name) == ("none", "House CRM")
    assert (config.toolkit, config.misconfigured_error) == ("house-crm", "")


def test_a_description_without_the_scheme_in_use_is_refused(project: Project) -> None:
    config = create_described(project, oauth_service(HERE))
    with pytest.raises(InvalidInput) as caught:
        update_auth_config(auth_config=config, service=key_service(HERE))
    assert caught.value.details["fields"][0]["field"] == "scheme"
    assert AuthConfig.objects.get().scheme == "oauth2"


def test_a_toolkit_of_the_catalog_takes_no_description(project: Project) -> None:
    config = create_auth_config(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        parameters={"base_url": HERE},
    )
    with pytest.raises(InvalidInput):
        update_auth_config(auth_config=config, service=oauth_service(HERE))


def test_a_stored_description_that_is_understood_no_more_is_a_lost_toolkit(
    project: Project,
) -> None:
    config = create_described(project, oauth_service(HERE))
    AuthConfig.objects.update(service={"name": "Of another time", "once": True})
    config = AuthConfig.objects.get()
    assert config.toolkit_name == "house-crm"
    with pytest.raises(LookupError, match="written anew"):
        _ = config.catalog_entry
