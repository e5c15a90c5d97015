"""Addresses that a project may give, and the words for those that it may not."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from integrations.models import Project
from integrations.web_addresses import check_callback_url, check_link

GOOD = [
    "https://app.example.com/done",
    "https://app.example.com:8443/done?tab=2",
    "http://localhost:3000/cb",
    "http://app.localhost/cb",
    "http://127.0.0.1/cb",
    "http://[::1]:8000/cb",
]
BAD = [
    ("http://app.example.com/done", "use https"),
    ("http://10.0.0.1/done", "use https"),
    ("http://localhost.example.com/", "use https"),
    ("https://user:pw@app.example.com/", "up to the @"),
    ("https://app.example.com@evil.example/", "up to the @"),
    ("https:\\\\app.example.com\\done", "backslash"),
    ("https://app.example.com/a b", "blank"),
    ("https://app.example.com/\r\nSet-Cookie: a=b", "control character"),
    ("https://\u0430pp.example.com/", "beyond ASCII"),
    ("https://app.example.com:99999/", "port"),
    ("https://[::1/", "cannot be read"),
    ("https:///done", "no host"),
    ("javascript:alert(1)", "begin with https://"),
    ("data:text/html,x", "begin with https://"),
    ("//app.example.com/", "begin with https://"),
    ("/done", "begin with https://"),
    ("https://app.example.com/" + "x" * 2000, "longer than"),
]


@pytest.mark.parametrize("url", GOOD)
def test_https_and_this_computer_are_taken(url: str) -> None:
    check_callback_url(url)
    check_link(url, mailto=False)


@pytest.mark.parametrize(("url", "words"), BAD)
def test_anything_else_is_refused_in_words(url: str, words: str) -> None:
    for check in (check_callback_url, lambda url: check_link(url, mailto=True)):
        with pytest.raises(ValueError, match=words):
            check(url)


def test_a_callback_url_has_no_fragment() -> None:
    with pytest.raises(ValueError, match="fragment"):
        check_callback_url("https://app.example.com/done#x")


@pytest.mark.parametrize("url", ["", "mailto:help@example.com", "mailto:a@b.example?subject=Hi"])
def test_help_may_be_an_e_mail_address(url: str) -> None:
    check_link(url, mailto=True)


@pytest.mark.parametrize("url", ["mailto:", "mailto:help", "mailto:a@b.example, c@d.example"])
def test_what_is_no_e_mail_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"mailto|blank"):
        check_link(url, mailto=True)


def test_other_links_are_no_e_mail_addresses() -> None:
    with pytest.raises(ValueError, match="https"):
        check_link("mailto:help@example.com", mailto=False)


def test_a_project_says_of_each_line_what_is_wrong() -> None:
    urls = ["https://good.example/", "http://plain.example/", "https://a@b.example/"]
    with pytest.raises(ValidationError) as refused:
        Project(name="Acme", allowed_callback_urls=urls).clean()
    told = refused.value.message_dict["allowed_callback_urls"]
    assert [line.partition(": ")[0] for line in told] == urls[1:]


def test_a_project_has_at_most_a_hundred_callback_urls() -> None:
    urls = [f"https://app.example.com/{number}" for number in range(101)]
    with pytest.raises(ValidationError, match="at most 100"):
        Project(name="Acme", allowed_callback_urls=urls).clean()
