"""Mistakes in the catalog's files, each found when the file is read, and called by its name."""

from typing import Any

import pytest
from pydantic import ValidationError

from integrations.catalog import Toolkit

ACME = {
    "slug": "acme",
    "name": "Acme",
    "description": "A service.",
    "category": "sandbox",
    "authorization_url": "https://{subdomain}.acme.example/authorize",
    "token_url": "https://acme.example/token",
    "parameters": {"subdomain": "Yours"},
}
ME = {"url": "https://acme.example/me", "id_path": "id"}
GONE = {"url": "https://acme.example/gone", "parameters": {"token": "{access_token}"}}
SHOP = {"label": "Shop", "pattern": "[a-z]+"}
TOLD = {"connection_parameters": {"shop": SHOP}}
BY_KEY = SHOP | {"source": "key", "path": "api_key"}
AGAIN = {"source": "call", "path": "0.id", "url": GONE["url"], "path_again": "[id={nobody}].id"}
FIELD = {"name": "api_key", "label": "Key"}
KEY = {"scheme": "api_key", "fields": [FIELD], "apply": {"query": {"key": "{api_key}"}}}
CLIENT = {"scheme": "client_credentials", "fields": [{"name": "client_id", "label": "ID"}]}
SIGNED = {"parameter": "hmac"}
TRADE = {"url": "https://acme.example/longer", "parameters": {"token": "{access_token}"}}
UNKNOWN = {"token": "{access_token}", "refresh": "{refresh_token}"}
OF_A_TOOLKIT = [
    ({"tokenurl": "x"}, "tokenurl"),
    ({"slug": "Not A Slug"}, "slug"),
    ({"category": "misc"}, "category"),
    ({"client_auth": "magic"}, "client_auth"),
    ({"token_url": ""}, "belong together"),
    ({"authorization_url": "", "token_url": ""}, "no way to authenticate"),
    ({"parameters": {}}, "no parameters of these names: subdomain"),
    ({"connection_parameters": {"subdomain": SHOP}}, "of both kinds: subdomain"),
    ({"unverified": ["nope"]}, "names no fields: nope"),
    ({"docs_url": "acme.example"}, "docs_url"),
    ({"refresh_share": 0}, "refresh_share"),
    ({"refresh_share": 1}, "refresh_share"),
    ({"refresh_jitter": 0.3}, "refresh_jitter"),
    ({"refresh_share": 0.8, "refresh_jitter": 0.2}, "past the token's end"),
    ({"rotation": "sometimes"}, "rotation"),
    ({"rotation": "rotates", "grace_seconds": 1}, "grace_seconds belong"),
    ({"rotation": "rotates_with_grace", "grace_seconds": -1}, "grace_seconds"),
    ({"access_token_seconds": 0}, "access_token_seconds"),
    ({"token_types": []}, "token_types"),
    ({"refresh_token": {"idle_seconds": 0}}, "idle_seconds"),
    ({"refresh_token": {"extended_by_refresh": False}}, "is about absolute_seconds"),
    ({"refresh_token": {"absolute": 7}}, "refresh_token.absolute"),
    ({"calls": {"endpoint_concurrency": 0}}, "endpoint_concurrency"),
    ({"calls": {"client_per_second": 0}}, "client_per_second"),
    ({"probe": {"every_seconds": 0}}, "every_seconds"),
    ({"client_id_parameter": "client id"}, "client_id_parameter"),
    ({"code_parameter": ""}, "code_parameter"),
    ({"token_parameter_names": {"client_secret": "client id"}}, "token_parameter_names"),
    ({"token_parameter_names": {"state": "s"}}, "token_parameter_names.state"),
    ({"token_parameter_names": {"client_secret": "client_id"}}, "have one name: client_id"),
    ({"token_request": "xml"}, "token_request"),
    ({"token_parameters": {"device": "{device}"}}, "no parameters of these names: device"),
    ({"redirect_signature": {"parameter": ""}}, "redirect_signature.parameter"),
    ({"redirect_signature": SIGNED | {"method": "md5"}}, "redirect_signature.method"),
    ({"redirect_signature": SIGNED | {"matches": {"shop": "{shop}"}}}, "of these names: shop"),
    ({"longer_token": TRADE | {"parameters": {"a": "b"}}}, "no parameter holds"),
    ({"longer_token": TRADE | {"method": "PUT"}}, "longer_token.method"),
    ({"self_renewal": TRADE | {"url": "https://{nobody}.example"}}, "of these names: nobody"),
    ({"self_renewal": TRADE | {"parameters": UNKNOWN}}, "not there: refresh_token"),
    ({"self_renewal": TRADE, "refresh_url": "https://acme.example/r"}, "or self_renewal"),
    ({"scope_implies": {"write_*": "read"}}, "on one side only: write_"),
    ({"scope_implies": {"write": ["read", "*"]}}, "on one side only: write"),
    ({"scope_implies": {"write": []}}, "scope_implies.write"),
    ({"longer_token": TRADE, "request_token_url": "https://acme.example/r"}, "belong to OAuth 2"),
]
OF_ANSWERS = [
    ({"error_path": []}, "error_path"),
    ({"failed_if": {"ok": None}}, "failed_if.ok"),
    ({"identity": ME | {"typo": 1}}, "identity.typo"),
    ({"identity": ME | {"url": "me"}}, "identity.url"),
    ({"identity": ME | {"id_path": []}}, "identity.id_path"),
    ({"error_path": "errors[code]"}, "is not a filter"),
    ({"identity": ME | {"id_path": "a[x=].b"}}, "is not a filter"),
    ({"identity": ME | {"label_paths": ["a[x=y]b"]}}, "is not a filter"),
    ({"identity": ME | {"alive": [{"status": 403}]}}, "needs an error or fields"),
    ({"identity": ME | {"alive": [{"status": 429, "error": "z"}]}}, "proves no token: .429"),
    ({"identity": ME | {"dead_statuses": [401, 429]}}, "refuses no token: .429"),
    ({"identity": ME | {"dead": [{"status": 503, "error": "z"}]}}, "refuses no token: .503"),
    ({"terminal": [{"error": "x", "reason": "because"}]}, "terminal.0.reason"),
    ({"transient": [{"error": "x", "reason": "grant_revoked"}]}, "transient.0.reason"),
    ({"terminal": [{"error": "x", "status": 429}]}, "no rule applies to it: .429"),
    ({"configuration": [{"error": "x", "status": [400, 500]}]}, "no rule applies to it: .500"),
    ({"terminal": [{}]}, "needs an error or fields"),
    ({"terminal": [{"status": 400}]}, "needs an error or fields"),
    ({"terminal": [{"error": []}]}, "terminal.0.error"),
    ({"terminal": [{"error": 1.5}]}, "terminal.0.error"),
    ({"terminal": [{"fields": {"code": None}}]}, "terminal.0.fields"),
    ({"terminal": [{"error": "x", "description": ""}]}, "terminal.0.description"),
    ({"terminal": [{"error": "x", "description": "("}]}, "not a regular expression"),
]
OF_WAYS_TO_AUTHENTICATE = [
    ({"keys": [KEY, KEY]}, "two keys have one scheme"),
    ({"keys": [KEY | {"scheme": "magic"}]}, "keys.0.scheme"),
    ({"keys": [KEY | {"fields": []}]}, "a key has fields"),
    ({"keys": [KEY | {"fields": [FIELD, FIELD]}]}, "two fields have one name"),
    ({"keys": [KEY | {"fields": [FIELD | {"pattern": "("}]}]}, "not a regular expression"),
    ({"keys": [{"scheme": "api_key", "fields": [FIELD]}]}, "not there: access_token"),
    ({"keys": [CLIENT]}, "needs fields named client_secret"),
    ({"keys": [CLIENT | {"scheme": "service_account"}]}, "needs a field named key_file"),
    ({"apply": {"headers": {"authorization": "x"}, "basic": {"username": "y"}}}, "one of the two"),
    ({"connection_parameters": {"shop": SHOP | {"pattern": "("}}}, "not a regular expression"),
    ({"connection_parameters": {"shop": SHOP | {"pattern": "a{9999999999}"}}}, "shop.pattern"),
    ({"terminal": [{"error": "x", "description": "(" * 9000}]}, "not a regular expression"),
    ({"connection_parameters": {"shop": SHOP | {"source": "redirect"}}}, "where a value stands"),
    ({"connection_parameters": {"shop": SHOP | {"path": "shop"}}}, "where a value stands"),
    ({"connection_parameters": {"shop": SHOP | {"url": GONE["url"]}}}, "belongs to source: call"),
    ({"connection_parameters": {"shop": SHOP | {"path_again": "a"}}}, "path_again belongs"),
    ({"connection_parameters": {"shop": SHOP | AGAIN}}, "of these names: nobody"),
    ({"connection_parameters": {"shop": SHOP | AGAIN | {"path_again": "[id]"}}}, "is not a filter"),
    ({"revocation": GONE | {"parameters": {}}}, "nothing tells which grant"),
    ({"keys": [KEY | {"connection_parameters": {"shop": {}}}]}, "no connection parameter: shop"),
    (TOLD | {"keys": [KEY | {"connection_parameters": {"shop": {"field": "x"}}}]}, "has no field"),
    (TOLD | {"keys": [KEY | {"connection_parameters": {"shop": {"after": "-"}}}]}, "to a field"),
    ({"connection_parameters": {"shop": SHOP | {"after": "-"}}}, "belongs to source: key"),
    ({"connection_parameters": {"shop": BY_KEY}, "keys": [KEY]}, "oauth2 has no field that tells"),
    ({"revocation": GONE, "revocation_url": GONE["url"]}, "or revocation"),
]


@pytest.mark.parametrize(
    ("changes", "told"), [*OF_A_TOOLKIT, *OF_ANSWERS, *OF_WAYS_TO_AUTHENTICATE]
)
def test_a_mistake_in_a_file_is_found(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Toolkit.model_validate(ACME | changes)


@pytest.mark.parametrize(
    "changes", [{}, {"keys": [KEY]}, {"revocation": GONE}, {"identity": ME}, {"slug": "a-1_b"}]
)
def test_what_the_mistakes_are_made_in_is_sound(changes: dict[str, Any]) -> None:
    assert Toolkit.model_validate(ACME | changes).name == "Acme"


@pytest.mark.parametrize("name", ["transient", "configuration", "terminal"])
@pytest.mark.parametrize("narrowed", [{}, {"status": 400}])
def test_no_rule_stands_on_a_description_alone(name: str, narrowed: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="status and description only narrow"):
        Toolkit.model_validate(ACME | {name: [{"description": "expired"} | narrowed]})
