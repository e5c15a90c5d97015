"""Each fault of a toolkit's file is told with the file, the field and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.catalog import loader
from integrations.catalog.faults import inspect_files

GOOD = """
name: Acme
description: A service.
category: sandbox
authorization_url: https://acme.example/authorize
token_url: https://acme.example/token
"""


def faults_of(folder: Path, text: str, name: str = "acme.yaml") -> list[str]:
    """Return the faults of a file that holds ``text``, as a person reads them."""
    file = folder / name
    file.write_text(text)
    return [str(fault) for fault in inspect_files([file]).faults]


def test_the_catalog_has_no_fault() -> None:
    found = inspect_files()
    assert found.faults == ()
    assert {kit.slug for kit in found.toolkits} == loader.slugs()


def test_a_good_file_has_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tokn_url: x", "tokn_url: there is no such field"),
        ("pkce: maybe", "pkce: must be true or false"),
        ("default_scopes: a b", "default_scopes: must be a list"),
        ("scope_descriptions: [a]", "scope_descriptions: must be a mapping"),
        (
            "access_token_seconds: 1.5",
            "access_token_seconds: must be a valid integer, got a number",
        ),
        ("access_token_seconds: 0", "access_token_seconds: must be greater than 0, not 0"),
        ("access_token_seconds: soon", "access_token_seconds: must be a whole number"),
        ("token_types: []", "token_types: must not be empty"),
        ("calls: []", "calls: must be a mapping"),
        ("base_url: acme.example", "base_url: must be an address (http://, https:// or a {placeh"),
        ("client_auth: magic", "client_auth: must be 'client_secret_basic', 'client_secret_post'"),
        ("refresh_token: {idle: 1}", "refresh_token.idle: there is no such field"),
        ("identity: {id_path: id}", "identity.url: is missing"),
        ("token_paths: {token: x}", "token_paths.token: must be 'access_token', 'refresh_token'"),
        ("terminal: [{error: 1.5}]", "terminal.0.error.0: must be a text, a whole number, true or"),
        ("terminal: [{status: 400}]", "terminal.0: a rule needs an error or fields"),
        ("keys: [{scheme: api_key}]", "keys.0: a key has fields, and no_auth has none"),
        ("grace_seconds: 5", "grace_seconds belong to rotation: rotates_with_grace"),
        ("allauth: nobody", "allauth: django-allauth has no provider 'nobody'."),
        ("extends: nothing", "extends: there is no bases/nothing.yaml"),
        ("name: Other", "name: is there twice, again in line 7"),
        ("identity: {url: https://a.example, url: x}", "identity.url: is there twice, again in"),
    ],
)
def test_a_fault_is_told_in_plain_words(tmp_path: Path, line: str, told: str) -> None:
    found = faults_of(tmp_path, GOOD + line)
    assert len(found) == 1
    assert found[0].startswith(f"acme.yaml: {told}")


def test_a_default_that_does_not_fit_its_pattern_is_a_fault(tmp_path: Path) -> None:
    shop = 'connection_parameters: {shop: {label: Shop, pattern: "[a-z]+", default: "7"}}'
    [told] = faults_of(tmp_path, f"{GOOD}{shop}\n")
    assert told == "acme.yaml: connection_parameters.shop.default: does not fit the pattern"


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "name: Acme\npkce: 7\nkeys: [{scheme: magic}]\n")
    assert [fault.split(": ")[1] for fault in found] == [
        "description",
        "category",
        "pkce",
        "keys.0.scheme",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [Acme\n", "is not YAML: line 2, column 1: "),
        ("name: a: b\n", "is not YAML: line 1, column 8: "),
        ("", "is not a mapping of fields to values"),
        ("- name\n", "is not a mapping of fields to values"),
        ("name: \x07\n", "holds characters that no YAML file may hold"),
        ("name: !!python/name:os.system x\n", "is not YAML: line 1, column 7: "),
        ("name: 2026-13-45\n", "month must be in 1..12"),
    ],
)
def test_a_file_that_is_no_mapping_says_where_it_fails(
    tmp_path: Path, text: str, told: str
) -> None:
    [found] = faults_of(tmp_path, text)
    assert found.startswith(f"acme.yaml: {told}")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_bytes(b"name: \xff\xfe\n")
    assert "UTF-8" in str(inspect_files([file]).faults[0])


@pytest.mark.parametrize("name", ["Acme.yaml", "a b.yaml"])
def test_a_file_whose_name_is_no_slug_is_told(tmp_path: Path, name: str) -> None:
    [found] = faults_of(tmp_path, GOOD, name)
    assert found.startswith(f"{name}: slug: must fit ")


def test_a_file_that_nobody_would_read_is_told(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD, "acme.yml") == [
        "acme.yml: is not read: a toolkit's file ends in .yaml"
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    [found] = inspect_files([tmp_path / "acme.yaml"]).faults
    assert str(found) == "acme.yaml: cannot be read: No such file or directory"


def test_a_pattern_that_could_lead_elsewhere_is_told(tmp_path: Path) -> None:
    shop = "connection_parameters: {shop: {label: Shop, pattern: '[^.]+'}}"
    [found] = faults_of(tmp_path, GOOD + shop)
    assert found.startswith("acme.yaml: connection_parameters.shop.pattern: lets / \\ @ : # ? into")


def test_a_base_is_told_once_and_as_the_reason_of_those_on_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BASES", tmp_path / "bases")
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases/firm.yaml").write_text("[")
    found = faults_of(tmp_path, "extends: firm\n" + GOOD)
    assert [fault.partition(": ")[0] for fault in found] == ["bases/firm.yaml", "acme.yaml"]
    assert found[1] == "acme.yaml: extends: that file has a fault of its own"


def test_a_base_that_extends_itself_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "BASES", tmp_path / "bases")
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases/firm.yaml").write_text("extends: firm\n")
    found = faults_of(tmp_path, "extends: firm\n" + GOOD)
    assert found == ["acme.yaml: extends: it leads back to where it began"]
