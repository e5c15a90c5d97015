"""The app at the other end of a verification: it knows who is signed in, and tells our API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.models import Project
from tests.api.calling import Caller, key_of
from tests.person import Person

CODE = "code-canary"
VERIFICATION_URL = "https://app.example.com/verify?from=evergrant"


class App:
    """An app whose project wants to say itself who its users are."""

    def __init__(self, project: Project, *, url: str = VERIFICATION_URL) -> None:
        self.url = url
        project.verification_url = url
        project.save()
        self.call = Caller(key_of(project, "write"))

    def visited(self, url: str) -> dict[str, str]:
        """Return what a browser that came to ``url`` brought along."""
        assert url.startswith(self.url), url
        query = parse_qs(urlsplit(url).query, strict_parsing=True)
        return {name: values[0] for name, values in query.items()}

    def verify(self, url: str, *, signed_in: str, **changes: str) -> Any:
        """Say that ``signed_in`` is in the browser that came to ``url``; return the answer."""
        brought = self.visited(url) | changes
        return self.call(
            "POST",
            f"/connected_accounts/{brought['connected_account_id']}/verify",
            {"user_id": signed_in, "verification_token": brought["verification_token"]},
        )


@dataclass
class Trip:
    """A person who came back from the provider, and where she was sent."""

    person: Person
    url: str

    def follow(self, answer: Any) -> Any:
        """Go where the app was told to send her."""
        return self.person.client.get(urlsplit(answer.json()["redirect_url"]).path)


def consent(url: str) -> Trip:
    """Set out from the connect link at ``url`` and come back with a code."""
    person = Person(url)
    person.set_out()
    return Trip(person, person.come_back(code=CODE).headers["Location"])
