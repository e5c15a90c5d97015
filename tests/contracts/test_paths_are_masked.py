"""A path that holds a token is a credential: wherever one is quoted, the token is cut out."""

from __future__ import annotations

import pytest
from django.urls import URLPattern, reverse

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
