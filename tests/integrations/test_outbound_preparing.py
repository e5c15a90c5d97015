"""A call without an auth object is prepared without requests, and comes out the same."""

from typing import Any

import pytest
import requests
import requests.auth
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import PreparedCall, Response, Role

TEXT = st.text(max_size=20)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)


@pytest.fixture(autouse=True)
def _no_loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False


def prepared(url: str = "https://provider.example/", **kwargs: Any) -> PreparedCall:
    """Return what a transport gets."""
    calls: list[PreparedCall] = []

    def keep(call: PreparedCall) -> Response:
        calls.append(call)
        return Response(status=200, headers={}, body=b"", elapsed=0)

    with outbound.use_transport(keep):
        outbound.send(role=Role.TOKEN, method="POST", url=url, **kwargs)
    return calls[0]


def by_requests(url: str = "https://provider.example/", **kwargs: Any) -> requests.PreparedRequest:
    return requests.Request("POST", url, **kwargs).prepare()


@examples(deadline=None)
@given(form=st.dictionaries(TEXT, TEXT, max_size=4))
def test_a_form_is_encoded_as_requests_does(form: dict[str, str]) -> None:
    expected = by_requests(data=form)
    call = prepared(form=form)
    assert (call.body or b"").decode() == (expected.body or "")
    assert call.headers.get("Content-Type") == expected.headers.get("Content-Type")


@examples(deadline=None)
@given(path=PRINTABLE.filter(lambda text: "\\" not in text))
def test_a_path_is_escaped_as_requests_does(path: str) -> None:
    expected = by_requests(f"https://provider.example/{path}").url or ""
    url = prepared(f"https://provider.example/{path}").url
    assert url == expected.partition("#")[0].removesuffix("?")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a/token", "/a/token"),
        ("/{tenant}/token", "/%7Btenant%7D/token"),
        ("/a/../b/./c", "/b/c"),
        ("/a%2fb%7e", "/a%2Fb~"),
        ("?a=b&c=%", "/?a=b&c=%25"),
        ("/a#fragment", "/a"),
    ],
)
def test_a_path_is_sent_in_one_spelling(path: str, sent: str) -> None:
    assert prepared(f"https://provider.example{path}").target.path == sent


def test_a_content_type_of_the_caller_stands() -> None:
    headers = {"content-type": "application/jwt"}
    bodies: list[dict[str, Any]] = [{"form": {"a": "b"}}, {"json": {}}, {"content": b"x"}]
    for body in bodies:
        assert prepared(headers=headers, **body).headers["Content-Type"] == "application/jwt"


def test_the_callers_own_names_for_itself_and_what_it_accepts_stand() -> None:
    sent = prepared(headers={"user-agent": "Probe/1", "accept": "application/json"}).headers
    assert (sent["User-Agent"], sent["Accept"], len(sent)) == ("Probe/1", "application/json", 4)


class _Header(requests.auth.AuthBase):
    def __init__(self, name: str, value: str) -> None:
        self.field = (name, value)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers.update([self.field])
        return r


def test_auth_may_not_add_a_header_that_would_break_out() -> None:
    with pytest.raises(outbound.InvalidRequest):
        prepared(auth=_Header("X-Token", "a\r\nX-Evil: 1"))


def test_auth_may_not_say_where_the_message_ends() -> None:
    sent = prepared(content=b"abc", auth=_Header("Transfer-Encoding", "chunked")).headers
    assert {"transfer-encoding", "content-length"}.isdisjoint(name.lower() for name in sent)


class _Query(requests.auth.AuthBase):
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.prepare_url(r.url, {"key": "a b"})
        return r


def test_auth_may_add_to_the_query() -> None:
    assert prepared(auth=_Query()).target.path == "/?key=a+b"
