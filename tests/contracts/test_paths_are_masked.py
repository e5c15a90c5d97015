"""A path that holds a token is a credential: wherever one is quoted, the token is cut out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import URLPattern, reverse

from config.sign_in import urls as sign_in
from connections.connect.urls import urlpatterns
from integrations.secrets.masking import mask
from integrations.tokens import new_token

WITH_TOKEN = [each for each in urlpatterns if "token" in each.pattern.converters]


@pytest.mark.parametrize("pattern", WITH_TOKEN, ids=lambda pattern: pattern.name)
def test_a_path_with_a_token_is_quoted_without_it(pattern: URLPattern) -> None:
    token = new_token()
    path = reverse(f"connect:{pattern.name}", args=[token])
    assert token in path
    assert token not in mask(f"Not Found: {path}")


def test_there_are_such_paths() -> None:
    assert {each.name for each in WITH_TOKEN} >= {"link", "portal", "notice", "notice_stop"}


def test_a_link_to_a_new_password_is_quoted_without_its_key() -> None:
    key = default_token_generator.make_token(User(pk=7, password="x"))
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "7", "key": key})
    assert mask(f"Not Found: {path}") == "Not Found: /accounts/password/reset/key/***"


def test_no_other_path_of_signing_in_holds_anything_that_opens_something() -> None:
    held = {
        each.name: {*each.pattern.converters, *each.pattern.regex.groupindex} - {"number", "pk"}
        for each in sign_in.urlpatterns
    }
    holding = {name for name, found in held.items() if found}
    assert holding == {"account_reset_password_from_key"}
