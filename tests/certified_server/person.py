"""A person at the certified server's own pages: signs in, then allows or refuses."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

REDIRECTS = 10


def sign_in_and_consent(url: str, *, name: str = "alice") -> str:
    """Go through the pages from ``url`` on; return where the browser is sent when it is done.

    Args:
        url: the authorization request.
        name: who signs in; it is her identity there.
    """
    with requests.Session() as session:
        page = _Form(_land(session, session.get(url, allow_redirects=False, timeout=30)))
        assert "password" in page.empty
        typed = {"login": name, "password": "correct horse battery"}
        page = _Form(_land(session, _send(session, page, typed)))
        assert page.fields == {"prompt": "consent"}
        answer = _land(session, _send(session, page, {}), leave=True)
        return answer.headers["Location"]


def _send(session: requests.Session, page: _Form, typed: dict[str, str]) -> requests.Response:
    return session.post(page.action, data=page.fields | typed, allow_redirects=False, timeout=30)


def _land(
    session: requests.Session, answer: requests.Response, *, leave: bool = False
) -> requests.Response:
    """Follow redirects on the server; return the page, or with ``leave`` the redirect off it."""
    here = urlsplit(answer.url).netloc
    for _ in range(REDIRECTS):
        if not answer.is_redirect:
            break
        target = urljoin(answer.url, answer.headers["Location"])
        if urlsplit(target).netloc != here:
            break
        answer = session.get(target, allow_redirects=False, timeout=30)
    if answer.is_redirect is not leave:
        raise RuntimeError(f"no way on from {answer.url}: {answer.status_code} {answer.text[:500]}")
    return answer


class _Form(HTMLParser):
    """The form of a page: where it goes, what it sends, and what is left to fill in."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self._url = answer.url
        self.action = answer.url
        self.fields: dict[str, str] = {}
        self.empty: set[str] = set()
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the form's address and fields."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = urljoin(self._url, values.get("action", ""))
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values.get("value", "")
        elif tag == "input":
            self.empty.add(values.get("name", ""))
