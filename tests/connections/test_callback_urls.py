"""Where a person may be sent back to (faults.md 33)."""

import pytest

from connections.callback_urls import check_callback_url, with_result
from connections.errors import CallbackUrlRefused
from integrations.models import Project

LISTED = Project(
    name="Acme", allowed_callback_urls=["https://app.example.com/done", "http://localhost:3000/cb"]
)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/done",
        "https://app.example.com:443/done",
        "https://app.example.com/done?tab=2",
        "http://localhost:3000/cb",
    ],
)
def test_a_listed_address_is_accepted(url: str) -> None:
    check_callback_url(project=LISTED, url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/done",
        "http://app.example.com/done",
        "https://app.example.com/done/../other",
        "https://app.example.com:444/done",
        "https://app.example.com.evil.example/done",
        "https://app.example.com@evil.example/done",
        "https://user:pw@app.example.com/done",
        "//app.example.com/done",
        "/done",
        "https:\\\\app.example.com\\done",
        "https://app.example.com\\.evil.example/done",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/done#x",
        "https://app.example.com/done\r\nSet-Cookie: a=b",
        " https://app.example.com/done",
        "https://app.example.com:99999/done",
        "https://\u0430pp.example.com/done",
        "",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(CallbackUrlRefused):
        check_callback_url(project=LISTED, url=url)


def test_the_result_replaces_parameters_of_the_same_name() -> None:
    told = with_result("https://a.example/cb?status=old&tab=2", {"status": "success"})
    assert told == "https://a.example/cb?tab=2&status=success"
