"""A signed redirect: what is signed, by which secret, and what it must say besides."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from integrations.models import AuthConfig
from integrations.schemes import is_genuine
from integrations.secrets import Secret

SECRET = "hush"
SHOP = {"shop": "some-shop"}
# Shopify's own example of a redirect; its state is left out here.
REDIRECT = {
    "code": "0907a61c0c8d55e99db179b68161bc00",
    "shop": "some-shop.myshopify.com",
    "timestamp": "1337178173",
}
SIGNATURE = "4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20"


def config(*older: str, secret: str = SECRET) -> AuthConfig:
    made = AuthConfig(id="ac_1", toolkit="shopify", scheme="oauth2", client_id="c")
    made.client_secret = Secret(secret)
    made.older_client_secrets = Secret(json.dumps(older)) if older else None
    return made


def signed(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def genuine(redirect: dict[str, str], *, by: AuthConfig | None = None) -> bool:
    return is_genuine(by or config(), redirect, parameters=SHOP)


def test_the_providers_own_example_is_genuine() -> None:
    assert genuine(REDIRECT | {"hmac": SIGNATURE})
    # Nor does it matter in which order the parameters come.
    assert genuine({"hmac": SIGNATURE} | dict(reversed(REDIRECT.items())))


@pytest.mark.parametrize(
    "change",
    [
        {"code": "0907a61c0c8d55e99db179b68161bc01"},
        {"timestamp": "1337178174"},
        {"further": "x"},
        {"hmac": SIGNATURE[:-1] + "1"},
        {"hmac": SIGNATURE.upper()},
        {"hmac": ""},
        {"hmac": "\N{SNOWMAN}"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    assert not genuine(REDIRECT | {"hmac": SIGNATURE} | change)


def test_what_is_not_signed_at_all_is_refused() -> None:
    assert not genuine(REDIRECT)


def test_another_shops_redirect_is_refused_though_it_is_signed() -> None:
    text = "code=c&shop=other.myshopify.com"
    redirect = {"code": "c", "shop": "other.myshopify.com", "hmac": signed(text)}
    assert not genuine(redirect)


def test_a_value_cannot_pass_for_a_further_parameter() -> None:
    text = "code=c&shop=some-shop.myshopify.com&timestamp=1"
    forged = {"code": "c&shop=some-shop.myshopify.com", "timestamp": "1", "hmac": signed(text)}
    assert not genuine(forged | {"shop": "some-shop.myshopify.com"})
    assert not is_genuine(config(), forged, parameters=SHOP)


def test_an_older_secret_signs_while_it_is_being_replaced() -> None:
    redirect = REDIRECT | {"hmac": SIGNATURE}
    assert genuine(redirect, by=config("hush", secret="the new one"))
    assert not genuine(redirect, by=config("another", secret="the new one"))


def test_without_a_secret_nothing_is_genuine() -> None:
    bare = AuthConfig(id="ac_1", toolkit="shopify", scheme="oauth2", client_id="c")
    text = "&".join(f"{name}={value}" for name, value in sorted(REDIRECT.items()))
    assert not genuine(REDIRECT | {"hmac": signed(text, "")}, by=bare)


def test_where_nothing_is_signed_nothing_is_asked_for() -> None:
    other = AuthConfig(id="ac_1", toolkit="github", scheme="oauth2", client_id="c")
    assert is_genuine(other, {"code": "c"}, parameters={})
