"""``python -m integrations.sandbox``: start the sandbox provider, or add a redirect URI to it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from django.db import Error as DjangoDatabaseError

from integrations.sandbox import server
from integrations.sandbox.redirect_uris import BadRedirectUriError
from integrations.sandbox.runtime import DEFAULT_SCHEMA, Runtime

if TYPE_CHECKING:
    from collections.abc import Sequence


class CannotStartError(Exception):
    """The sandbox cannot start; the message is the one line that says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Return the exit code: 0, or 1 after one clear line on stderr.

    130 means that it was interrupted before it served.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "add-redirect-uri":
            _add_redirect_uri(options)
        else:
            _serve(options)
    except CannotStartError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.sandbox",
        description="The sandbox OAuth provider Acme Notes. For development and tests only.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument(
        "--client-redirect-uri",
        action="append",
        default=[],
        metavar="URL",
        help="let the demo client be called back here; may be given several times",
    )
    parser.add_argument("--database-schema", default=DEFAULT_SCHEMA, metavar="NAME")
    commands = parser.add_subparsers(dest="command", metavar="add-redirect-uri")
    add = commands.add_parser("add-redirect-uri", help="add one redirect URI and exit")
    add.add_argument("uri")
    return parser


def _serve(options: argparse.Namespace) -> None:
    runtime = _runtime(options)
    secret = _secret("SANDBOX_CLIENT_SECRET")
    try:
        server.check_port(runtime.host, options.port)
    except (OSError, OverflowError) as error:
        message = f"cannot listen on {runtime.host}:{options.port}: {error}"
        raise CannotStartError(message) from error
    prepared = _prepare(runtime)
    try:
        server.register_demo_client(secret=secret, redirect_uris=options.client_redirect_uri)
    except BadRedirectUriError as error:
        raise CannotStartError(str(error)) from error
    host = f"[{runtime.host}]" if ":" in runtime.host else runtime.host
    sys.stdout.write(
        "Acme Notes sandbox provider, for development and tests only: "
        f"http://{host}:{options.port}/\n"
    )
    sys.stdout.flush()
    server.serve(prepared, port=options.port)


def _prepare(runtime: Runtime) -> Runtime:
    try:
        return server.prepare(runtime)
    except (psycopg.Error, DjangoDatabaseError) as error:
        message = f"the database failed: {' '.join(str(error).split())}"
        raise CannotStartError(message) from error
    except ValueError as error:
        raise CannotStartError(str(error)) from error


def _add_redirect_uri(options: argparse.Namespace) -> None:
    _prepare(_runtime(options))
    try:
        server.allow_redirect_uri(options.uri)
    except BadRedirectUriError as error:
        raise CannotStartError(str(error)) from error


def _runtime(options: argparse.Namespace) -> Runtime:
    return Runtime(
        database_url=_secret("DATABASE_URL"), schema=options.database_schema, host=options.host
    )


def _secret(name: str) -> str:
    """Return a required environment variable, or the content of the file NAME_FILE points to."""
    path = os.environ.get(f"{name}_FILE")
    try:
        value = Path(path).read_text().strip() if path else os.environ.get(name, "")
    except OSError as error:
        message = f"cannot read {name}_FILE: {error}"
        raise CannotStartError(message) from error
    if not value:
        message = f"{name} is not set, and it has no default"
        raise CannotStartError(message)
    return value


if __name__ == "__main__":
    sys.exit(main())
