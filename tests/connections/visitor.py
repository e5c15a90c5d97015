"""A person in her portal, without a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from connections.actors import SYSTEM
from connections.models import Entity
from connections.portal.issuing import issue_portal_link
from tests.making import CALLBACK_URL


def portal_of(entity: Entity, **changes: Any) -> str:
    """Return the path of a new portal link."""
    given = {"callback_url": CALLBACK_URL} | changes
    return urlsplit(issue_portal_link(entity=entity, actor=SYSTEM, **given).url).path


class Visitor:
    """A browser that goes through a portal link."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.client = Client()
        self.list = ""

    def enter(self) -> Visitor:
        """Look, and press the button."""
        self.client.get(self.path)
        self.list = self.client.post(self.path).headers["Location"]
        return self

    def page(self, url: str = "") -> str:
        """Return the text of the list, or of another page."""
        text: str = self.client.get(url or self.list).content.decode()
        return text

    def do(self, action: str, account_id: str) -> str:
        """Press the button; return where it leads."""
        response = self.client.post(f"{self.list}/{account_id}/{action}")
        return str(response.headers.get("Location", response.status_code))
