"""Nothing secret that goes in or out of the door is in an error, its chain, or a log line."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests.auth
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from integrations import outbound
from integrations.outbound import Limits, Role
from tests.hostile_server import HostileServer, hostile_server

# Not written out anywhere else: a traceback quotes the lines of this file.
CANARY = "CANARY".lower()


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def send_canaries(url: str, header: str = f"{CANARY}-header") -> None:
    outbound.send(
        role=Role.TOKEN,
        method="POST",
        url=url,
        headers={"X-Api-Key": header},
        form={"refresh_token": f"{CANARY}-form"},
        auth=requests.auth.HTTPBasicAuth(f"{CANARY}-id", f"{CANARY}-secret"),
        limits=Limits(deadline=0.3, max_response_bytes=30),
    ).json()


def everything_about(error: BaseException | None) -> str:
    """All that a log or an error tracker could say of an error and of what stands behind it."""
    said = []
    while error is not None:
        said += [str(error), repr(error), repr(error.args), repr(vars(error))]
        said += traceback.format_exception(error)
        said += [
            str(frame.f_globals["__name__"]) for frame, _ in traceback.walk_tb(error.__traceback__)
        ]
        error = error.__cause__ or error.__context__
    return "\n".join(said)


URLS = [
    f"https://{CANARY}:{CANARY}-pw@provider.example/",
    f"https://provider.example:{CANARY}/",
    f"https://[{CANARY}]/",
    f"https://provider.example/{CANARY}\r\n",
    f"https://127.1/{CANARY}?{CANARY}",
]
PATHS = [
    "/hang",
    "/html",
    "/json",
    "/not-http",
    "/cut-in-body",
    "/bad-chunk",
    "/bad-length",
    "/reset-before-answer",
    "/gzip-bomb",
    "/endless-header-line",
    "/odd-header",
]


@pytest.mark.parametrize("url", URLS)
def test_a_refused_url_is_not_repeated(url: str) -> None:
    with pytest.raises(outbound.OutboundError) as caught:
        send_canaries(url)
    with pytest.raises(outbound.OutboundError) as vetted:
        outbound.vet_url(url)
    assert CANARY not in everything_about(caught.value) + everything_about(vetted.value)


@pytest.mark.parametrize("path", PATHS)
def test_a_failed_call_gives_nothing_away(
    server: HostileServer, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs, pytest.raises(outbound.OutboundError) as caught:
        send_canaries(server.url(f"{path}?code={CANARY}-query"))
    assert CANARY not in everything_about(caught.value)
    assert CANARY not in caplog.text
    assert CANARY not in repr(logs)


def test_a_refused_header_is_not_repeated(server: HostileServer) -> None:
    with pytest.raises(outbound.InvalidRequest) as caught:
        send_canaries(server.url("/json"), header=f"{CANARY}\r\n")
    assert CANARY not in everything_about(caught.value)


def test_an_error_names_role_method_and_origin(server: HostileServer) -> None:
    with pytest.raises(outbound.ResponseInterrupted) as caught:
        send_canaries(server.url("/bad-chunk"))
    assert str(caught.value) == f"token POST {server.origin}: The answer was cut or garbled"


def test_the_chain_and_the_frames_of_the_cause_are_cut_off(server: HostileServer) -> None:
    with pytest.raises(outbound.ResponseInterrupted) as caught:
        send_canaries(server.url("/bad-chunk"))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    frames = traceback.walk_tb(caught.value.__traceback__)
    modules = {str(frame.f_globals["__name__"]) for frame, _ in frames}
    assert {name for name in modules if name.startswith("integrations.")} == {
        "integrations.outbound.door"
    }


def test_calls_and_answers_do_not_show_themselves(server: HostileServer) -> None:
    shown = []

    def fake(call: outbound.PreparedCall) -> outbound.Response:
        shown.append(repr(call) + repr(call.target))
        return outbound.Response(status=200, headers={"a": CANARY}, body=CANARY.encode(), elapsed=0)

    with outbound.use_transport(fake), suppress(outbound.MalformedBody):
        send_canaries(f"https://provider.example/{CANARY}?{CANARY}")
    response = outbound.send(role=Role.TOKEN, method="GET", url=server.url("/json"))
    assert len(shown) == 1
    assert CANARY not in shown[0] + repr(response)


def test_a_call_is_one_log_line_with_its_status(server: HostileServer) -> None:
    with capture_logs() as logs:
        outbound.send(role=Role.TOKEN, method="GET", url=server.url(f"/redirect?a={CANARY}"))
    (line,) = logs
    assert line.pop("elapsed_ms") > 0
    assert line == {
        "event": "outbound_call",
        "log_level": "info",
        "role": "token",
        "method": "GET",
        "host": "127.0.0.1",
        "status": 302,
    }


def test_a_failed_call_is_one_log_line_with_its_code(server: HostileServer) -> None:
    with capture_logs() as logs, pytest.raises(outbound.ResponseInterrupted):
        outbound.send(role=Role.TOKEN, method="GET", url=server.url("/bad-chunk"))
    assert [(line["error"], line["method"]) for line in logs] == [("response_interrupted", "GET")]


def test_a_refused_url_is_logged_without_any_part_of_it() -> None:
    with capture_logs() as logs, pytest.raises(outbound.InvalidUrl):
        outbound.send(role=Role.TOKEN, method="GET", url=f"https://{CANARY}@host.example/")
    assert [(line["error"], line["host"]) for line in logs] == [("invalid_url", None)]
