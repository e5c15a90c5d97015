"""A Secret in hand: no usual way of showing a value shows it (faults.md 47)."""

import copy
import io
import json
import logging
import pickle
import string
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
import structlog
from django.core.serializers.json import DjangoJSONEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from config.logs import configure
from integrations.secrets import Secret

TEXT = "hunter2-" + "s3cret"

SHOWINGS: list[Callable[[Secret], str]] = [
    str,
    repr,
    ascii,
    format,
    lambda secret: f"{secret}",
    lambda secret: f"{secret!r:>40}",
    lambda secret: f"{secret:.3}",
    lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways
    "{}".format,
    lambda secret: string.Template("$a").substitute(a=secret),
    lambda secret: repr([secret, {"a": secret}]),
    lambda secret: json.dumps({"a": secret}, default=str),
]


@pytest.mark.parametrize("show", SHOWINGS)
def test_no_text_made_of_a_secret_holds_it(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(TEXT))
    assert "***" in shown
    assert not any(part in shown for part in ("hun", "s3c", TEXT))


def test_reveal_is_the_way_out() -> None:
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize("encoder", [json.JSONEncoder, DjangoJSONEncoder])
def test_json_does_not_know_the_type(encoder: type[json.JSONEncoder]) -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps({"token": Secret(TEXT)}, cls=encoder)
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(TEXT), protocol=protocol)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_a_secret_too(copied: Callable[[Secret], Secret]) -> None:
    twin = copied(Secret(TEXT))
    assert (str(twin), twin.reveal()) == ("***", TEXT)


def test_a_dataclass_with_a_secret_does_not_show_it() -> None:
    @dataclass
    class Holder:
        token: Secret

    assert TEXT not in repr(Holder(Secret(TEXT))) + repr(asdict(Holder(Secret(TEXT))))


@pytest.mark.parametrize("readable", [True, False])
def test_structlog_and_logging_lines_do_not_show_it(readable: bool) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    settings = configure(level="DEBUG", readable=readable)
    handler.setFormatter(structlog_formatter(settings))
    logger = logging.getLogger("tests.secret")
    logger.addHandler(handler)
    try:
        logger.warning("stdlib %s %r", Secret(TEXT), [Secret(TEXT)])
        structlog.get_logger("tests.secret").warning("structlog", value=Secret(TEXT), token=TEXT)
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue().count("***") >= 4
    assert TEXT not in stream.getvalue()


def structlog_formatter(settings: dict[str, object]) -> logging.Formatter:
    formatters = settings["formatters"]
    assert isinstance(formatters, dict)
    options = dict(formatters["line"])
    made = options.pop("()")(**options)
    assert isinstance(made, logging.Formatter)
    return made


@pytest.mark.parametrize("operation", [hash, len, list, bytes, int, sorted, json.loads])
def test_a_secret_is_no_text(operation: Callable[[Secret], object]) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        operation(Secret(TEXT))
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize("value", [b"bytes", None, 7, ["list"], Secret(TEXT)])
def test_a_secret_is_made_of_text_only(value: object) -> None:
    with pytest.raises(TypeError, match="A Secret holds text") as caught:
        Secret(value)  # type: ignore[arg-type]
    assert TEXT not in str(caught.value)


def test_secrets_are_compared_by_their_text() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT


@pytest.mark.parametrize("text", ["\ud800", "token-\udfff", "\udc80\ud800"])
def test_half_a_character_is_refused_without_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="can be written as UTF-8") as caught:
        Secret(text)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@given(st.text())
@settings(deadline=None)
def test_any_other_text_comes_out_as_it_went_in(text: str) -> None:
    assert Secret(text).reveal() == text
    assert str(Secret(text)) == "***"
