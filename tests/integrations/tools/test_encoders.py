"""Values that a service wants in a format of its own."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from integrations.tools.encoders import (
    atlassian_document,
    email_message,
    graph_recipients,
    notion_paragraphs,
)
from integrations.tools.errors import InvalidToolInput


def raw(**inputs: Any) -> bytes:
    return base64.urlsafe_b64decode(email_message({"to": ["bob@acme.example"]} | inputs))


def message(**inputs: Any) -> EmailMessage:
    parsed = message_from_bytes(raw(**inputs), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(part: Any) -> str:
    return str(part.get_content()).strip()


def test_an_email_has_its_headers_and_its_text() -> None:
    made = message(
        to=["Bob Ü <bob@acme.example>", "carl@acme.example"],
        cc="d@acme.example",
        subject="Grüße",
        body="Hä?\n",
    )
    assert made["To"] == "Bob Ü <bob@acme.example>, carl@acme.example"
    assert (made["Cc"], made["Subject"], made["Bcc"]) == ("d@acme.example", "Grüße", None)
    assert text_of(made.get_body()) == "Hä?"


def test_an_email_in_html_may_have_a_plain_text_beside() -> None:
    made = message(subject="s", html="<b>x</b>", body="x")
    assert made.get_content_type() == "multipart/alternative"
    assert text_of(made.get_body(("html",))) == "<b>x</b>"
    assert message(html="<b>x</b>").get_content_type() == "text/html"


def test_an_answer_names_what_it_answers() -> None:
    made = message(in_reply_to="<1@acme.example>", body="")
    assert made["In-Reply-To"] == made["References"] == "<1@acme.example>"


@pytest.mark.parametrize("length", [60, 78, 90, 500])
def test_a_message_id_stands_in_an_answer_letter_by_letter(length: int) -> None:
    # As Microsoft 365 makes them: many letters, no blank.
    answered = f"<{'DB9P' * length}"[: length - 22] + "@prod.outlook.example>"
    lines = raw(in_reply_to=answered, body="").split(b"\r\n")
    assert f"In-Reply-To: {answered}".encode() in lines
    assert f"References: {answered}".encode() in lines


def test_a_whole_thread_is_folded_between_its_messages_only() -> None:
    thread = [f"<{letter * 90}@acme.example>" for letter in "abc"]
    made = raw(in_reply_to=" ".join(thread), body="")
    assert f"References: {thread[0]}\r\n {thread[1]}\r\n {thread[2]}\r\n".encode() in made
    parsed = message(in_reply_to=" ".join(thread), body="")
    assert parsed["In-Reply-To"] == thread[-1]
    assert parsed["References"].split() == thread


@pytest.mark.parametrize("given", [" ", "<\u00fc@acme.example>", f"<{'x' * 1000}>"])
def test_what_no_header_can_name_answers_nothing(given: str) -> None:
    with pytest.raises(InvalidToolInput):
        message(in_reply_to=given)


@pytest.mark.parametrize(
    "inputs",
    [
        {"subject": "x\r\nBcc: eve@evil.example"},
        {"subject": "x\nBcc: eve@evil.example"},
        {"in_reply_to": "<1>\nBcc: eve@evil.example"},
        {"to": ["bob@acme.example\nBcc: eve@evil.example"]},
        {"to": ["Bob\r\nBcc: e@evil.example <bob@acme.example>"]},
        {"to": ["bob@acme.example, eve@evil.example"]},
        {"to": ["bob"]},
        {"to": ["@"]},
        {"cc": ["a@b@c"]},
    ],
)
def test_no_input_adds_a_header_or_a_recipient(inputs: dict[str, Any]) -> None:
    with pytest.raises(InvalidToolInput):
        message(**inputs)


def test_a_long_subject_is_folded_and_comes_back_whole() -> None:
    assert message(subject="wort " * 100)["Subject"].split() == ["wort"] * 100


def test_recipients_for_graph_have_their_names() -> None:
    assert graph_recipients({"to": ["Bob <b@acme.example>", "c@acme.example"]}) == [
        {"emailAddress": {"name": "Bob", "address": "b@acme.example"}},
        {"emailAddress": {"address": "c@acme.example"}},
    ]


def test_a_text_becomes_paragraphs() -> None:
    document = atlassian_document({"text": "one\n\ntwo"})
    assert [p["content"][0]["text"] for p in document["content"]] == ["one", "two"]
    blocks = notion_paragraphs({"text": "one\n" + "x" * 2500})
    lengths = [[len(t["text"]["content"]) for t in b["paragraph"]["rich_text"]] for b in blocks]
    assert lengths == [[3], [2000, 500]]
