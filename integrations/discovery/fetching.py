"""Reads one JSON document of a server's: never redirected, never large, from allowed addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from integrations import outbound
from integrations.discovery.errors import DiscoveryFailed, NotDescribed

if TYPE_CHECKING:
    from collections.abc import Callable

JSON: Final = "application/json"


class NoDocument(Exception):
    """There is no such document at this URL; another one may have it."""

    def __init__(self, *, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


def fetch_document(url: str) -> dict[str, Any]:
    """Return the JSON object at ``url``.

    Raises:
        NoDocument: something else is there.
        DiscoveryFailed: the server cannot be, or may not be, asked at all.
    """
    response = call(method="GET", url=url, headers={"Accept": JSON})
    if 300 <= response.status < 400:
        raise NoDocument(problem="it redirects, and a redirect is not followed")
    if response.status != 200:
        raise NoDocument(problem=f"it answers with the status {response.status}")
    return json_object(response)


def first_document(
    places: list[str], *, problem_of: Callable[[dict[str, Any], str], str]
) -> tuple[str, dict[str, Any]]:
    """Return the first of ``places`` with a document that is right, and the document.

    Args:
        problem_of: says why the document at a place may not be used; empty: it may.

    Raises:
        NotDescribed: there is a document in none of them.
        DiscoveryFailed: there is one that may not be used, or the server cannot be asked.
    """
    tried: list[dict[str, str]] = []
    refused: list[dict[str, str]] = []
    for place in places:
        try:
            document = fetch_document(place)
        except NoDocument as error:
            tried.append({"url": place, "problem": error.problem})
            continue
        problem = problem_of(document, place)
        if not problem:
            return place, document
        tried.append({"url": place, "problem": problem})
        refused.append(tried[-1])
    if refused:
        raise DiscoveryFailed.at(refused[0]["url"], refused[0]["problem"], tried=tried)
    raise NotDescribed.at(tried[0]["url"], tried[0]["problem"], tried=tried)


def call(
    *,
    method: str,
    url: str,
    headers: dict[str, str],
    json: object | None = None,
) -> outbound.Response:
    """Make one call. Raises NoDocument where the answer cannot be read, else DiscoveryFailed."""
    try:
        return outbound.send(
            role=outbound.Role.DISCOVERY,
            method=method,
            url=url,
            headers=headers,
            json=json,
        )
    except outbound.ResponseTooLarge:
        raise NoDocument(problem="the answer is too large") from None
    except outbound.OutboundError as error:
        raise DiscoveryFailed.at(url, str(error)) from None


def json_object(response: outbound.Response) -> dict[str, Any]:
    """Return the answer's JSON object. Raises NoDocument."""
    try:
        document = response.json()
    except outbound.MalformedBody:
        raise NoDocument(problem="the answer is not JSON") from None
    if not isinstance(document, dict):
        raise NoDocument(problem="the answer is not a JSON object")
    return document
