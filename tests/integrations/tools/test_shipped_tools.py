"""The tools that ship: all are valid, and some make the requests that the services document."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from integrations.catalog import get_toolkit
from integrations.checks import check_tool_files
from integrations.tools.catalog import every_shipped_tool, read_tools, toolkits_with_tools
from integrations.tools.checking import find_trouble
from integrations.tools.requests import HttpRequest, build_request

ALL = every_shipped_tool()
DO = "{name: acme_do, description: x, path: /x}"
HOSTS = {
    "salesforce": "https://acme.my.salesforce.com",
    "jira": "https://api.atlassian.com/ex/jira/abc",
    "zendesk": "https://acme.zendesk.com/api/v2",
    "sandbox": "http://127.0.0.1:8001",
}


def request(name: str, /, **inputs: Any) -> HttpRequest:
    toolkit, tool = ALL[name]
    base_url = HOSTS.get(toolkit) or get_toolkit(toolkit).base_url
    return build_request(tool, inputs, base_url)


def test_nothing_is_wrong_with_them() -> None:
    assert list(find_trouble()) == []
    assert check_tool_files() == []


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 100
    assert len(toolkits_with_tools()) >= 18


def test_a_tool_is_named_for_its_toolkit() -> None:
    for name, (toolkit, _) in ALL.items():
        prefix = toolkit.replace("google", "google_") if toolkit.startswith("google") else toolkit
        assert name.startswith(f"{prefix}_"), name


def test_every_scope_is_one_that_the_toolkit_knows() -> None:
    """Of several that will do, the narrowest: it is what an auth config would ask for."""
    for name, (slug, tool) in ALL.items():
        toolkit = get_toolkit(slug)
        known = {*toolkit.scope_descriptions, *toolkit.default_scopes}
        for choices in tool.scopes:
            assert set(choices) & known, (name, choices)


SAMPLES = {
    "string": "x1",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "array": ["bob@acme.example"],
    "object": {"Name": "x"},
}
BY_PATTERN = {
    "^app": "appA1",
    "^rec": "recA1",
    "^[A-Za-z0-9]{15}": "001D000000INjVe",
    "^[A-Za-z0-9]+-": "01gD0-2000",
    "^[0-9]": "123456789012345678",
    "^[A-Za-z][": "Contact",
}


def sample(schema: dict[str, Any]) -> Any:
    """Return a value that fits a schema of ours."""
    if "enum" in schema:
        return schema["enum"][0]
    if pattern := schema.get("pattern"):
        return next(text for start, text in BY_PATTERN.items() if pattern.startswith(start))
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if schema["type"] == "array" and schema["items"].get("type") != "string":
        return [sample(schema["items"])]
    if "required" in schema or schema.get("additionalProperties") is False:
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    kind = schema["type"]
    return SAMPLES[kind if isinstance(kind, str) else kind[0]]


@pytest.mark.parametrize("name", ALL)
def test_what_is_required_is_enough_for_a_request(name: str) -> None:
    _, tool = ALL[name]
    inputs = {field: sample(tool.properties[field]) for field in tool.inputs.get("required", [])}
    made = request(name, **inputs)
    assert made.url.startswith(("https://", "http://127.0.0.1"))
    assert "{" not in made.url
    assert made.method == tool.method


def test_github_create_issue() -> None:
    made = request("github_create_issue", owner="acme", repo="app", title="Crash", labels=["bug"])
    assert (made.method, made.full_url) == ("POST", "https://api.github.com/repos/acme/app/issues")
    assert made.json == {"title": "Crash", "labels": ["bug"]}
    assert made.headers["Accept"] == "application/vnd.github+json"


def test_slack_post_message() -> None:
    made = request("slack_post_message", channel="C1", text="Hi", thread_ts="1.2")
    assert made.full_url == "https://slack.com/api/chat.postMessage"
    assert made.json == {"channel": "C1", "text": "Hi", "thread_ts": "1.2"}


def test_google_sheets_append_row() -> None:
    made = request("google_sheets_append_row", spreadsheet_id="s1", range="S!A:C", values=["a", 1])
    assert made.url == "https://sheets.googleapis.com/v4/spreadsheets/s1/values/S%21A%3AC:append"
    assert dict(made.query) == {
        "insertDataOption": "INSERT_ROWS",
        "valueInputOption": "USER_ENTERED",
    }
    assert made.json == {"values": [["a", 1]]}


def test_gmail_send_email() -> None:
    made = request(
        "gmail_send_email", to=["bob@acme.example"], subject="Hi", body="x", thread_id="t1"
    )
    assert made.url == "https://gmail.googleapis.com/gmail/v1/users/me/messages/send"
    assert set(made.json) == {"raw", "threadId"}
    assert b"To: bob@acme.example\r\nSubject: Hi\r\n" in base64.urlsafe_b64decode(made.json["raw"])


def test_hubspot_search_contacts() -> None:
    filters = [
        {"filters": [{"propertyName": "email", "operator": "EQ", "value": "b@acme.example"}]}
    ]
    made = request("hubspot_search_contacts", filter_groups=filters, limit=5)
    assert made.full_url == "https://api.hubapi.com/crm/objects/2026-03/contacts/search"
    assert made.json == {"filterGroups": filters, "limit": 5}


def test_salesforce_get_account() -> None:
    made = request("salesforce_get_account", account_id="001D000000INjVe", fields=["Id", "Name"])
    start = "https://acme.my.salesforce.com/services/data/v67.0/sobjects/Account/001D000000INjVe"
    assert made.full_url == f"{start}?fields=Id%2CName"


def test_linear_create_issue() -> None:
    made = request("linear_create_issue", team_id="t", title="x", priority=2)
    assert made.url == "https://api.linear.app/graphql"
    assert made.json["variables"] == {"input": {"teamId": "t", "title": "x", "priority": 2}}
    assert made.json["query"].startswith("mutation Create($input: IssueCreateInput!)")


def test_google_drive_write_text_file_goes_to_the_upload_path() -> None:
    made = request("google_drive_write_text_file", file_id="f", content="ü", mime_type="text/csv")
    assert made.url == "https://www.googleapis.com/upload/drive/v3/files/f"
    assert (made.content, made.headers["Content-Type"]) == ("ü".encode(), "text/csv")


def test_stripe_create_customer_sends_a_form() -> None:
    made = request("stripe_create_customer", email="b@acme.example", metadata={"plan": "pro"})
    assert made.content == b"email=b%40acme.example&metadata%5Bplan%5D=pro"


def test_a_notion_search_for_one_kind_says_so() -> None:
    assert request("notion_search", kind="page").json["filter"] == {
        "property": "object",
        "value": "page",
    }
    assert request("notion_search", query="x").json == {"query": "x"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1", "a list of tools is missing"),
        ("tools: [1]", "a list of tools is missing"),
        ("tools: []\ntool: 1", "tool are not known here"),
        (f"tools: [{DO[:-1]}, typo: 1}}]", "acme_do: typo"),
        (f"tools: [{DO}, {DO}]", "two tools have one name"),
        ("tools: [", "no YAML"),
    ],
)
def test_a_mistake_in_a_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=told):
        read_tools(file)
