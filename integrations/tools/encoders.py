"""Makes one value of several inputs, where a service wants a format of its own.

An encoder is a pure function of the inputs that were given. A tool names it, see `places.Made`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

from integrations.tools.errors import InvalidToolInput

Inputs = Mapping[str, Any]
# A line of a message has at most 998 characters (RFC 5322, 2.1.1).
LONGEST_ID: Final = 900


def email_message(inputs: Inputs) -> str:
    """Return a message (RFC 5322) in base64url, as Gmail takes it.

    Of ``to``, ``cc``, ``bcc``, ``reply_to`` (each an address or a list of them), ``subject``,
    ``body`` (plain text), ``html`` and ``in_reply_to`` (the Message-ID of what is answered, or the
    whole thread's, with blanks between them).

    Raises:
        InvalidToolInput: an address or a Message-ID is none; a line break would begin another
            header.
    """
    answered = _naming(inputs["in_reply_to"]) if inputs.get("in_reply_to") else b""
    message = EmailMessage(policy=SMTP.clone(max_line_length=78))
    for name, header in _ADDRESSES.items():
        if inputs.get(name):
            _set(message, header, _addresses(name, inputs[name]), name)
    _set(message, "Subject", inputs.get("subject", ""), "subject")
    if "body" in inputs or "html" not in inputs:
        message.set_content(inputs.get("body", ""))
        if "html" in inputs:
            message.add_alternative(inputs["html"], subtype="html")
    else:
        message.set_content(inputs["html"], subtype="html")
    return base64.urlsafe_b64encode(answered + message.as_bytes()).decode()


_ADDRESSES: Final = {"to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "Reply-To"}


def _addresses(name: str, given: Any) -> list[Address]:
    texts = [given] if isinstance(given, str) else given
    return [_address(name, text.strip()) for text in texts]


def _address(name: str, text: str) -> Address:
    """Return the address in ``alice@example.com`` or ``Alice <alice@example.com>``."""
    shown, opened, rest = text.rpartition("<")
    address = rest.removesuffix(">") if opened else text
    whole = text.isprintable() and address.count("@") == 1 and not set(" ,;<>") & set(address)
    try:
        if whole:
            return Address(display_name=shown.strip().strip('"'), addr_spec=address)
    except (MessageError, ValueError, IndexError):
        pass
    raise InvalidToolInput.because((name, "must be e-mail addresses, one each"))


def _set(message: EmailMessage, header: str, value: Any, name: str) -> None:
    if isinstance(value, str) and not value.isprintable():
        raise InvalidToolInput.because((name, "must be one line"))
    message[header] = value


def _naming(given: str) -> bytes:
    """Return the headers that name what is answered, folded between Message-IDs only.

    Of a long one the library would make an encoded word (RFC 2047), and no thread is found by that.
    """
    ids = given.split()
    fits = given.isprintable() and given.isascii() and all(len(each) <= LONGEST_ID for each in ids)
    if not ids or not fits:
        raise InvalidToolInput.because(("in_reply_to", "must be the Message-ID of an e-mail"))
    threaded = "\r\n ".join(ids)
    return f"In-Reply-To: {ids[-1]}\r\nReferences: {threaded}\r\n".encode()


def atlassian_document(inputs: Inputs) -> dict[str, Any]:
    """Return the one text in ``inputs`` as an Atlassian document, a paragraph for each line."""
    [text] = inputs.values()
    lines = [line for line in text.splitlines() if line.strip()]
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def notion_paragraphs(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the one text in ``inputs`` as blocks of Notion, a paragraph for each line.

    Notion takes 2,000 characters in one piece of text, so a longer line has several.
    """
    [text] = inputs.values()
    return [
        {"object": "block", "type": "paragraph", "paragraph": {"rich_text": _pieces(line)}}
        for line in text.splitlines()
        if line.strip()
    ]


def notion_title(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the one text in ``inputs`` as rich text of Notion."""
    [text] = inputs.values()
    return _pieces(text)


def notion_object_filter(inputs: Inputs) -> dict[str, str]:
    """Return the filter of a search in Notion for the one kind of thing in ``inputs``."""
    [kind] = inputs.values()
    return {"property": "object", "value": kind}


def _pieces(text: str) -> list[dict[str, Any]]:
    width = 2000
    parts = [text[start : start + width] for start in range(0, len(text), width)]
    return [{"type": "text", "text": {"content": part}} for part in parts]


def graph_recipients(inputs: Inputs) -> list[dict[str, Any]]:
    """Return the one list of addresses in ``inputs`` as Microsoft Graph takes recipients."""
    [(name, given)] = inputs.items()
    return [_recipient(address) for address in _addresses(name, given)]


def _recipient(address: Address) -> dict[str, Any]:
    named = {"name": address.display_name} if address.display_name else {}
    return {"emailAddress": named | {"address": address.addr_spec}}


ENCODERS: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    encoder.__name__: encoder
    for encoder in (
        atlassian_document,
        email_message,
        graph_recipients,
        notion_object_filter,
        notion_paragraphs,
        notion_title,
    )
}
