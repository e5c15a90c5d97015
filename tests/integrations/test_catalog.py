"""The catalog: toolkits as data, and URLs made of them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integrations.catalog import (
    Toolkit,
    UnknownToolkit,
    all_toolkits,
    get_toolkit,
    read_toolkit,
    texts_at,
    value_at,
)
from integrations.catalog.loader import FOLDER

REQUIRED = {
    "slug": "acme",
    "name": "Acme",
    "description": "A service.",
    "category": "sandbox",
    "authorization_url": "https://{subdomain}.acme.example/authorize",
    "token_url": "{base_url}/token",
    "parameters": {"subdomain": "Yours", "base_url": "Where"},
}


def toolkit(**changes: Any) -> Toolkit:
    return Toolkit.model_validate(REQUIRED | changes)


def test_every_file_is_a_toolkit_named_like_it() -> None:
    files = sorted(path.stem for path in FOLDER.iterdir())
    assert sorted(all_toolkits()) == files
    assert all(toolkit.slug == slug for slug, toolkit in all_toolkits().items())


def test_the_scopes_that_identity_needs_are_asked_for_once() -> None:
    needing = {"identity": {"url": "https://acme.example/me", "scopes": ["id", ["read", "all"]]}}
    kit = toolkit(**needing, scope_aliases={"me": "id"})
    assert kit.with_identity_scopes(["write"]) == ["write", "id", "read"]
    assert kit.with_identity_scopes(["me", "all"]) == ["me", "all"]
    assert kit.with_identity_scopes([]) == []


def test_offline_access_is_never_missing() -> None:
    lacking = toolkit().missing_scopes(wanted=["offline_access", "x"], granted=["y"])
    assert lacking == ["x"]


@pytest.mark.parametrize(
    ("slug", "wanted", "granted", "lacking"),
    [
        # As these services answer who asked for both.
        ("shopify", ["read_products", "write_products"], ["write_products"], []),
        ("shopify", ["read_products", "write_products"], ["read_products"], ["write_products"]),
        ("shopify", ["read_products"], ["write_product_listings"], ["read_products"]),
        ("shopify", ["write_products"], ["write_"], ["write_products"]),
        ("github", ["user", "read:user", "user:email"], ["user"], []),
        ("github", ["repo", "public_repo", "read:org"], ["repo", "admin:org"], []),
        ("github", ["repo", "public_repo"], ["public_repo"], ["repo"]),
        ("github", ["write:org"], ["read:org"], ["write:org"]),
    ],
)
def test_who_has_a_scope_lacks_none_that_it_brings_along(
    slug: str, wanted: list[str], granted: list[str], lacking: list[str]
) -> None:
    assert get_toolkit(slug).missing_scopes(wanted=wanted, granted=granted) == lacking


def test_a_scope_is_brought_along_by_whichever_name() -> None:
    kit = toolkit(
        scope_prefix="https://acme.example/",
        scope_aliases={"see": "read"},
        scope_implies={"all": "see", "all.*": "read.*"},
    )
    for name in ("all", "https://acme.example/all", "see"):
        assert kit.missing_scopes(wanted=["read", "see"], granted=[name]) == []
        assert name in kit.names_bringing("https://acme.example/read")
    assert kit.missing_scopes(wanted=["read.x"], granted=["all.x"]) == []
    assert kit.missing_scopes(wanted=["read.x", "all"], granted=["all.y", "read"]) == [
        "read.x",
        "all",
    ]


@pytest.mark.parametrize("slug", ["outlook", "onedrive", "sharepoint", "microsoftteams"])
@pytest.mark.parametrize("prefix", ["", "https://graph.microsoft.com/"])
def test_microsofts_answers_tell_what_is_granted(slug: str, prefix: str) -> None:
    kit = get_toolkit(slug)
    graph = [scope for scope in kit.default_scopes if "." in scope]
    answered = [f"{prefix}{scope}" for scope in graph]
    assert kit.missing_scopes(wanted=kit.default_scopes, granted=answered) == []
    assert kit.missing_scopes(wanted=answered, granted=graph) == []
    assert kit.missing_scopes(wanted=kit.default_scopes, granted=answered[1:]) == graph[:1]


def test_the_default_scopes_are_enough_for_the_identity_call() -> None:
    for kit in all_toolkits().values():
        assert kit.with_identity_scopes(kit.default_scopes) == kit.default_scopes, kit.slug


def test_what_is_asked_for_besides_is_told_in_plain_words() -> None:
    for kit in all_toolkits().values():
        for scope in kit.with_identity_scopes(["x"])[1:]:
            assert kit.describe_scope(scope) != scope, (kit.slug, scope)


@pytest.mark.parametrize("slug", ["nope", "", "../sandbox", "sandbox\x00", "SANDBOX"])
def test_an_unknown_toolkit_is_an_error(slug: str) -> None:
    with pytest.raises(UnknownToolkit, match="There is no toolkit"):
        get_toolkit(slug)


def test_one_value_needs_no_brackets() -> None:
    alone = toolkit(terminal=[{"status": 400, "error": "x", "fields": {"a": 1}}], error_path="e")
    listed = toolkit(
        terminal=[{"status": [400], "error": ["x"], "fields": {"a": [1]}}], error_path=["e"]
    )
    assert alone == listed


def test_a_file_is_read_with_its_name_as_slug(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(
        "name: Acme\ndescription: A service.\ncategory: sandbox\n"
        "authorization_url: https://acme.example/a\ntoken_url: https://acme.example/t\n"
    )
    assert read_toolkit(file).slug == "acme"


def test_a_toolkit_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        get_toolkit("sandbox").name = "Other"


def test_parameters_fill_the_urls() -> None:
    filled = toolkit().with_parameters(
        {"subdomain": "corp", "base_url": "https://api.acme.example/v1/"}
    )
    assert filled.authorization_url == "https://corp.acme.example/authorize"
    assert filled.token_url == "https://api.acme.example/v1/token"


@pytest.mark.parametrize(
    "value", ["evil.example/", "evil.example?", "evil.example#", "a@evil.example", "a\\b", "a b"]
)
def test_a_parameter_cannot_lead_to_another_host(value: str) -> None:
    url = toolkit().with_parameters({"subdomain": value, "base_url": "x"}).authorization_url
    assert url.endswith(".acme.example/authorize")
    assert not set("/?#@\\ ") & set(url.removeprefix("https://").partition(".acme")[0])


def test_the_identity_url_is_filled_too() -> None:
    identity = {"url": "{base_url}/me", "id_path": "id"}
    filled = toolkit(identity=identity).with_parameters({"base_url": "https://x.example"})
    assert filled.identity is not None
    assert filled.identity.url == "https://x.example/me"


def test_a_scope_without_a_description_describes_itself() -> None:
    kit = toolkit(scope_descriptions={"read": "Read your notes"})
    assert [kit.describe_scope(scope) for scope in ("read", "x")] == ["Read your notes", "x"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", {"b": [{"c": 1}, 2]}),
        ("a.b.0.c", 1),
        ("a.b.1", 2),
        ("a.b.2", None),
        ("a.b.-1", None),
        ("a.b.x", None),
        ("a.b.\u00b2", None),
        ("a.b.1.c", None),
        ("x.y", None),
        ("https://slack.com/id", "U1"),
        ("error..tag", "missing"),
        ("list[main=true].id", 8),
        ("list[name=third].id", 9),
        ("list[id=7].name", "first"),
        ("list[id=7]", {"id": 7, "name": "first", "main": False}),
        ("list[main=yes].id", None),
        ("list[nothing=true].id", None),
        ("a[b=1].c", None),
        ("x[b=1].c", None),
        ("", None),
    ],
)
def test_a_path_leads_into_an_answer(path: str, found: object) -> None:
    answer = {
        "a": {"b": [{"c": 1}, 2]},
        "https://slack.com/id": "U1",
        "error": {".tag": "missing"},
        "list": [
            "odd",
            {"id": 7, "name": "first", "main": False},
            {"id": 8, "name": "second", "main": True},
            {"id": 9, "name": "third", "main": True},
        ],
    }
    assert value_at(answer, path) == found


def test_an_answer_may_be_a_list_itself() -> None:
    answer = [{"id": "a"}, {"id": "b", "url": "https://b.example"}]
    assert value_at(answer, "[id=b].url") == "https://b.example"
    assert value_at(answer, "list[id=b].url") is None
    assert value_at({"list": answer}, "[id=b].url") is None


@pytest.mark.parametrize("answer", [None, 7, "text", [], {}, True])
def test_a_path_into_nothing_finds_nothing(answer: object) -> None:
    assert value_at(answer, "a.0.b") is None
    assert texts_at(answer, "a.0.b") == []
