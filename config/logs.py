"""Structured logs: one line per event, JSON in production, readable in development.

Nothing secret gets into a line by mistake: values under telling names are masked, links and keys
of ours are cut out of texts, and of an exception the line says what `config.tracebacks` says.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from integrations.secrets.masking import mask

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

# Names under which a secret may reach a log line by mistake; the value is replaced.
_SECRET_NAMES = {
    "access_token",
    "api_key",
    "authorization",
    "client_secret",
    "code",
    "code_verifier",
    "cookie",
    "id_token",
    "password",
    "reauth_url",
    "redirect_url",
    "refresh_token",
    "secret",
    "state",
    "token",
    "url",
}

# One list for good: a logger that is in use keeps it.
_PROCESSORS: list[Any] = []


def configure(*, level: str, readable: bool) -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING, so that both write the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        mask_secrets,
    ]
    # What nobody will read is not put together either.
    ours = [structlog.stdlib.filter_by_level, *shared]
    _PROCESSORS[:] = [*ours, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
        if readable
        else structlog.processors.JSONRenderer()
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "filters": {"exceptions": {"()": DescribeArguments}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["exceptions"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own copies would be written a second time, by its mail handler and console.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "django-q": {"handlers": [], "propagate": True},
        },
    }


def describe_exception(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by ``exception``: types and places, without foreign messages."""
    from config.tracebacks import trace  # noqa: PLC0415 - needs the settings, which import this module

    given = event.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given and not isinstance(given, BaseException):
        given = sys.exc_info()[1]
    if isinstance(given, BaseException):
        event["exception"] = trace(given)
    return event


def mask_secrets(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Replace values under secret names, and what looks like a secret of ours in any text."""
    for key, value in event.items():
        event[key] = _masked(key, value)
    return event


def _masked(key: str, value: Any) -> Any:
    if key.lower() in _SECRET_NAMES:
        return "***"
    match value:
        case str():
            return mask(value)
        case dict():
            return {name: _masked(str(name), inner) for name, inner in value.items()}
        case list() | tuple():
            return [_masked("", inner) for inner in value]
    return value


class DescribeArguments(logging.Filter):
    """Describes exceptions that a library logs as its message or as an argument of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        record.msg = _described(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_described, record.args))
        elif record.args:
            record.args = {key: _described(value) for key, value in record.args.items()}
        return True


def _described(value: Any) -> Any:
    from config.tracebacks import describe  # noqa: PLC0415 - needs the settings, which import this module

    return describe(value) if isinstance(value, BaseException) else value
