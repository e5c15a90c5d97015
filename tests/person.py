"""A person in a browser, without a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client


class Person:
    """A browser on its way through a link."""

    def __init__(self, url: str) -> None:
        self.client = Client()
        self.path = urlsplit(url).path
        self.authorization: dict[str, str] = {}

    def set_out(self, **given: str) -> str:
        """Fill in what is ``given`` and press the button; return where it leads."""
        response = self.client.post(self.path, given)
        target: str = response.headers.get("Location", "")
        query = parse_qs(urlsplit(target).query)
        self.authorization = {name: values[0] for name, values in query.items()}
        return target

    def come_back(self, **answer: str) -> Any:
        """Return from the provider with ``answer`` and the state."""
        path = urlsplit(self.authorization["redirect_uri"]).path
        return self.client.get(path, {"state": self.authorization["state"]} | answer)
