"""Log lines, failed tasks and error pages: types and places, no foreign messages, no secrets."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import psycopg
import pytest
import structlog
from django.test import Client, RequestFactory
from django.views.debug import technical_500_response
from pytest_django.fixtures import Settings

from config.error_reports import TypesAndPlaces
from config.logs import mask_secrets
from config.tasks import without_messages
from config.tracebacks import LONGEST_CHAIN, describe, trace
from integrations.errors import NotFound
from integrations.outbound import ConnectFailed
from integrations.secrets import SealBroken
from tests.contracts.leaks import CANARY, recording


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return ``error`` as it is after having been raised."""
    try:
        try:
            if cause is not None:
                raise cause  # noqa: TRY301 - a chain is wanted
        except BaseException as caught:
            raise error from caught
        raise error  # noqa: TRY301 - as above
    except BaseException as caught:  # noqa: BLE001 - it is what is wanted
        return caught


# --- What is said of an exception -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(CANARY), "ValueError"),
        (KeyError(CANARY), "KeyError"),
        (UnicodeEncodeError("utf-8", CANARY, 0, 1, "x"), "UnicodeEncodeError"),
        (psycopg.errors.UniqueViolation(CANARY), "psycopg.errors.UniqueViolation (sqlstate 23505)"),
        (psycopg.OperationalError(CANARY), "psycopg.OperationalError"),
        (ConnectionRefusedError(111, CANARY), "ConnectionRefusedError (errno 111)"),
        (ModuleNotFoundError(CANARY, name="celery"), "ModuleNotFoundError (name celery)"),
        (AttributeError(CANARY, name="pk"), "AttributeError (name pk)"),
        (SystemExit(CANARY), "SystemExit"),
        (NotFound("There is no toolkit."), "integrations.errors.NotFound: There is no toolkit."),
        (SealBroken("Broken."), "integrations.secrets.keyring.SealBroken: Broken."),
    ],
)
def test_an_exception_is_described_by_type_and_facts(error: BaseException, said: str) -> None:
    assert describe(error) == said


def test_an_error_of_the_door_keeps_its_words() -> None:
    assert describe(ConnectFailed("TLS", code="tls_failed")).endswith("(TLS)")


def test_a_trace_has_places_and_the_whole_chain() -> None:
    told = trace(raised(RuntimeError(CANARY), KeyError(CANARY)))
    assert CANARY not in told
    assert told.index("KeyError") < told.index("direct cause") < told.rindex("RuntimeError")
    assert told.count(f'File "{__file__}"') == 2
    assert "raise error from caught" in told


def test_a_trace_tells_what_happened_meanwhile_unless_told_not_to() -> None:
    loud, quiet = ValueError(), ValueError()
    loud.__context__ = quiet.__context__ = KeyError(CANARY)
    quiet.__suppress_context__ = True
    assert "KeyError" in trace(loud)
    assert "KeyError" not in trace(quiet)


def test_a_trace_of_a_group_tells_its_members() -> None:
    told = trace(ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)]))
    assert CANARY not in told
    assert all(kind in told for kind in ("ExceptionGroup", "ValueError", "KeyError"))


def test_an_endless_chain_ends() -> None:
    error = ValueError()
    error.__context__ = ValueError()
    error.__context__.__context__ = error
    assert trace(error).count("Traceback") == LONGEST_CHAIN + 1


# --- Log lines ------------------------------------------------------------------------------------

log = structlog.get_logger("tests.logs")
stdlib = logging.getLogger("tests.logs.stdlib")


def crash(*, structured: bool) -> str:
    """Log an exception from inside its handler; return what was written."""
    with recording() as records:
        try:
            raise ValueError(CANARY)  # noqa: TRY301 - it is what is logged
        except ValueError as error:
            if structured:
                log.exception("crashed")
                log.error("crashed", exc_info=error)  # noqa: TRY400 - one of the ways
                log.error("crashed", exc_info=True)  # noqa: G201 - one of the ways
            else:
                stdlib.exception("crashed")
                stdlib.exception(error)
                stdlib.error("crashed: %s", error)
                stdlib.error("crashed: %(error)s", {"error": error})
                stdlib.error("crashed", exc_info=error)
    return records.text


@pytest.mark.parametrize("structured", [True, False], ids=["structlog", "logging"])
def test_a_logged_exception_is_a_type_and_a_place(structured: bool) -> None:
    written = crash(structured=structured)
    assert CANARY not in written
    assert written.count("ValueError") >= 6
    assert written.count("in crash") >= 6


def test_a_log_call_without_an_exception_has_no_trace() -> None:
    with recording() as records:
        log.error("nothing", exc_info=True)  # noqa: LOG014 - that is the point
        log.info("nothing", exc_info=False)
    assert "exception" not in records.text
    assert "Traceback" not in records.text


@pytest.mark.parametrize(
    "name", ["access_token", "Authorization", "code", "reauth_url", "client_secret", "PASSWORD"]
)
def test_values_under_telling_names_are_masked_at_any_depth(name: str) -> None:
    event = {name: CANARY, "inner": {name: CANARY, "list": [{name: CANARY}]}, "kept": "kept"}
    masked = mask_secrets(None, "", dict(event))
    assert CANARY not in str(masked)
    assert masked["kept"] == "kept"


TOKEN = "Zt3" + "x_-9" * 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Not Found: /connect/{TOKEN}", "Not Found: /connect/***"),
        (f"Gone: /connect/portal/{TOKEN}", "Gone: /connect/portal/***"),
        (f'"GET /connect/{TOKEN}?a=b HTTP/1.1" 404', '"GET /connect/***?a=b HTTP/1.1" 404'),
        (
            f'"GET /connect/callback/ac_1?code={TOKEN}&state={TOKEN} HTTP/1.1" 200',
            '"GET /connect/callback/ac_1?*** HTTP/1.1" 200',
        ),
        (
            f'"GET /accounts/sso/callback/?code={TOKEN}&state={TOKEN} HTTP/1.1" 302',
            '"GET /accounts/sso/callback/?*** HTTP/1.1" 302',
        ),
        (
            f"Gone: /accounts/password/reset/key/1z-c8x-{TOKEN}/",
            "Gone: /accounts/password/reset/key/***",
        ),
        (
            "Not Found: /accounts/password/reset/key/done/",
            "Not Found: /accounts/password/reset/key/done/",
        ),
        (f"the key eg_{TOKEN} is wrong", "the key eg_*** is wrong"),
        ("the secret whsec_c2VjcmV0+/= is", "the secret whsec_*** is"),
        ("/connections/connect/views.py", "/connections/connect/views.py"),
        (
            "/connect/callback/ac_0351ARwIDSwvGKQ8OdUacc",
            "/connect/callback/ac_0351ARwIDSwvGKQ8OdUacc",
        ),
        ("/api/v1/events?limit=5", "/api/v1/events?limit=5"),
    ],
)
def test_secrets_of_ours_are_cut_out_of_texts(text: str, shown: str) -> None:
    with recording() as records:
        stdlib.warning(text)
    assert shown in records.readable.getvalue()
    assert TOKEN not in records.text


# --- Failed tasks --------------------------------------------------------------------------------


def test_a_failed_task_keeps_its_traceback_without_messages() -> None:
    error = raised(RuntimeError(f"one\n{CANARY}\n  {CANARY}"), KeyError(CANARY))
    text = "".join(traceback.format_exception(error))
    kept = without_messages(f"{error} : {text}")
    assert CANARY not in kept
    assert kept.count("Traceback (most recent call last):") == 2
    assert [line for line in kept.splitlines() if not line.startswith((" ", "Trace"))] == [
        "KeyError",
        "RuntimeError",
    ]


@pytest.mark.parametrize("text", ["", CANARY, f"{CANARY} : {CANARY}", f"x\nFile {CANARY}"])
def test_a_result_that_is_no_traceback_is_not_kept(text: str) -> None:
    assert without_messages(text) == "failed"


# --- Error pages ---------------------------------------------------------------------------------


def page_of(error: BaseException, **headers: str) -> str:
    """Return Django's error page for ``error``, on a request full of secrets."""
    request = RequestFactory(headers=headers).post(
        f"/connect/{CANARY}?code={CANARY}", {"password": CANARY, "plain": CANARY}
    )
    request.COOKIES["evergrant_link"] = CANARY
    request.META["HTTP_X_PLAIN"] = CANARY
    request.exception_reporter_class = TypesAndPlaces
    response = technical_500_response(request, type(error), error, error.__traceback__)
    return response.content.decode()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_the_error_page_shows_types_and_places_only(settings: Settings, accept: str) -> None:
    settings.DEBUG = True
    secret = CANARY
    page = page_of(raised(ValueError(secret), KeyError(secret)), accept=accept)
    assert secret not in page
    assert all(part in page for part in ("ValueError", "KeyError", "raised", "test_what_logs_say"))
    assert settings.DATABASES["default"]["NAME"] not in page


@pytest.mark.parametrize("debug", [True, False])
def test_every_request_has_that_page(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    def fail(request: Any) -> None:
        raise ValueError(CANARY)

    settings.DEBUG = debug
    monkeypatch.setattr(
        "django.middleware.common.CommonMiddleware.process_request",
        lambda _, request: fail(request),
    )
    client.raise_request_exception = False
    response = client.get(f"/connect/{CANARY}?code={CANARY}", headers={"x-plain": CANARY})
    assert response.status_code == 500
    assert CANARY not in response.content.decode()
    assert ("ValueError" in response.content.decode()) is debug
