"""Secrets leave by one way, and here is everybody who takes it."""

from __future__ import annotations

import ast
import inspect

import pytest
from django.template import Context, Template

from integrations.secrets import Secret, keyring
from tests.contracts.source import Module, modules, parse

# Every function that reveals a secret, and where the text goes from there.
CALLERS = {
    "config/sign_in/codes.py _use": "what a code is compared with",
    "config/sign_in/factors.py OperatorMfaAdapter.decrypt": "what a code is compared with",
    "connections/admin/auth_configs.py UsedAuthConfigAdmin._run": "the address an operator goes to",
    "connections/api/using.py credentials": "to a key with the scope, over the API",
    "connections/bulk/reporting.py _link_rows": "downloaded once by an operator",
    "connections/connect/nonces.py nonce_matches": "parsed, its nonce compared",
    "connections/connect/exchanging.py _kept": "taken apart into secrets",
    "connections/connect/holding.py open_held": "parsed, to be traded as it came",
    "connections/connect/starting.py _oauth1_url": "put together into a secret",
    "connections/importing/judging.py fingerprint": "digested",
    "connections/vault.py refresh_token_digest": "digested",
    "integrations/admin/operations.py OperationsAdmin.show_once": "shown once to an operator",
    "integrations/management/keys_steps.py added": "a new key, shown once on a terminal",
    "integrations/registrations.py _kept": "parsed",
    "integrations/schemes/identity.py _url": "sent to the provider",
    "integrations/schemes/oauth1.py OAuth1Client._sign": "signs",
    "integrations/schemes/oauth1.py OAuth1Client.exchange_verifier": "sent to the provider",
    "integrations/schemes/oauth2.py OAuth2Client.authorization_url": "digested",
    "integrations/schemes/oauth2.py OAuth2Client.exchange_code": "sent to the provider",
    "integrations/schemes/oauth2.py OAuth2Client.refresh": "sent to the provider",
    "integrations/schemes/redirects.py _keys": "the key of a signature that is compared",
    "integrations/schemes/oauth2.py OAuth2Client._client": "a method's name, kept with secrets",
    "integrations/schemes/revoking.py _by_description": "sent to the provider",
    "integrations/schemes/revoking.py _by_standard": "sent to the provider",
    "integrations/models/oauth_clients.py _keep_former": "put together into a secret",
    "integrations/models/oauth_clients.py _known": "put together into a secret",
    "integrations/models/oauth_clients.py _kept": "taken apart into secrets",
    "integrations/models/oauth_clients.py replace_client": "compared",
    "integrations/models/oauth_clients.py can_be_sent": "looked at for characters",
    "integrations/schemes/token_call.py Client._with_older_secrets": "taken apart into secrets",
    "integrations/schemes/token_call.py Client.secret_text": "sent to the provider",
    "integrations/schemes/token_response.py TokenSet.from_payload": "taken apart into secrets",
    "integrations/schemes/token_response.py TokenSet.is_empty": "looked at whether it is empty",
    "integrations/schemes/token_response.py TokenSet.parts": "put onto a call to the service",
    "integrations/schemes/token_response.py TokenSet.to_payload": "put together into a secret",
    "integrations/schemes/token_trades.py _trade": "sent to the provider",
    "integrations/schemes/traded_keys.py TradedKeyClient.refresh": "sent to the provider",
    "integrations/secrets/canary.py trouble_with": "compared",
    "integrations/secrets/field.py SealedField.seal_for": "sealed",
    "integrations/secrets/keyring.py configured_value": "a new key, into the list of keys",
    "integrations/secrets/keys_file.py KeysFile.write": "the list of keys, into their file",
    "integrations/secrets/keys_file.py write_new_file": "the list of keys, into a new file",
    "integrations/secrets/opening.py if_it_opens": "looked at whether it opens",
    "integrations/secrets/rotation.py add_key": "a new key, made an id of",
    "integrations/secrets/secret.py Secret.__eq__": "compared",
    "webhooks/api/endpoints.py EndpointWithSecret.of": "shown once over the API",
    "webhooks/former_secrets.py _put_together": "put together into a secret",
    "webhooks/former_secrets.py _taken_apart": "taken apart into secrets",
    "webhooks/models/event.py Event.payload": "to the project's own endpoints and API",
    "webhooks/signing.py signature_headers": "signs",
}
# Who may use the keys themselves.
KEYS = {"integrations/secrets/field.py", "integrations/secrets/keyring.py"}


def callers(module: Module) -> set[str]:
    """Return the functions of ``module`` in which ``.reveal`` stands, called or handed on."""
    return {
        f"{module.path} {name}"
        for name, function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }


def uses(module: Module) -> int:
    return sum(isinstance(node, ast.Attribute) and node.attr == "reveal" for node in module.walk())


def test_these_reveal_secrets_and_nobody_else() -> None:
    found = {place for module in modules() for place in callers(module)}
    assert found == set(CALLERS)


def test_no_secret_is_revealed_outside_a_function() -> None:
    for module in modules():
        assert uses(module) == 0 or callers(module), module.path


def test_nobody_opens_a_secret_past_reveal() -> None:
    for module in modules():
        names = {node.attr for node in module.walk() if isinstance(node, ast.Attribute)}
        words = {node.value for node in module.walk() if isinstance(node, ast.Constant)}
        assert "reveal" not in words, f"{module.path} names reveal in a text"
        if module.path != "integrations/secrets/secret.py":
            assert "_open" not in names, module.path


def test_the_keys_are_used_where_sealing_is() -> None:
    using = {
        module.path
        for module in modules()
        for node in module.walk()
        if isinstance(node, ast.Attribute)
        and node.attr in {"encrypt", "decrypt", "FIELD_ENCRYPTION_KEYS", "FIELD_ENCRYPTION_KEY"}
    }
    checking = {"integrations/checks.py", "integrations/secrets/library.py"}
    assert using - checking == KEYS


def test_a_template_cannot_reveal() -> None:
    page = Template("{{ token }} {{ token.reveal }} {{ row.token.reveal }}")
    shown = page.render(Context({"token": Secret("canary"), "row": {"token": Secret("canary")}}))
    assert "canary" not in shown
    assert shown.startswith("***")


def test_the_contract_would_find_a_breach() -> None:
    assert callers(parse("def f(secret):\n    return map(Secret.reveal, secret)"))
    assert callers(parse("class A:\n    def f(self):\n        return self.token.reveal()"))


@pytest.mark.parametrize("function", [keyring.encrypt, keyring.decrypt])
def test_sealing_is_documented_with_its_errors(function: object) -> None:
    assert "Raises" in (inspect.getdoc(function) or "")
