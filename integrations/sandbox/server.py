"""Preparing the database and serving: one granian worker with a few blocking threads."""

from __future__ import annotations

import functools
import os
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from integrations.sandbox import runtime
from integrations.sandbox.database import preparing
from integrations.sandbox.keys import keep_secret_key, keep_signing_pem
from integrations.sandbox.redirect_uris import BadRedirectUriError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.sandbox.runtime import Runtime

THREADS = 16
STOP_SECONDS = 5
ORPHAN_CHECK_SECONDS = 1.0


def prepare(given: Runtime) -> Runtime:
    """Create schema, keys and tables where missing, and set Django up. Return the full runtime.

    Raises:
        psycopg.Error, django.db.Error: the database cannot be reached or refuses.
    """
    with preparing(given.database_url, given.schema) as connection:
        full = replace(
            given,
            secret_key=keep_secret_key(connection),
            signing_pem=keep_signing_pem(connection),
        )
        runtime.use(full)
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
    return full


def register_demo_client(*, secret: str, redirect_uris: Iterable[str]) -> None:
    """Create or update the demo client in the prepared database."""
    from integrations.sandbox.clients import ensure_demo_client  # noqa: PLC0415 - models need Django

    ensure_demo_client(secret=secret, redirect_uris=redirect_uris)


def allow_redirect_uri(uri: str) -> None:
    """Add a redirect URI to the demo client in the prepared database.

    Raises:
        BadRedirectUriError: the URI is not usable, or the sandbox was never started here.
    """
    from allauth.idp.oidc.models import Client  # noqa: PLC0415 - models need Django

    from integrations.sandbox.clients import CLIENT_ID, add_redirect_uri  # noqa: PLC0415

    try:
        add_redirect_uri(client_id=CLIENT_ID, uri=uri)
    except Client.DoesNotExist as error:
        raise BadRedirectUriError("start the sandbox once before adding redirect URIs") from error


def check_port(host: str, port: int) -> None:
    """Raise OSError unless ``host:port`` is free.

    granian shares ports between processes (SO_REUSEPORT), so a second sandbox would silently take
    half of the first one's calls.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def serve(prepared: Runtime, *, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises SystemExit(1) if the worker dies."""
    # The worker is a fork and must not share this process's connections.
    connections.close_all()
    server: Any = Server(
        "integrations.sandbox",
        address=prepared.host,
        port=port,
        interface=Interfaces.WSGI,
        # One process, because authorization codes live in its memory.
        workers=1,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=600,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_access=False,
    )
    load = functools.partial(load_application, prepared, os.getpid())
    server.serve(target_loader=load, wrap_loader=False)


def load_application(prepared: Runtime, parent: int) -> Any:
    """Return the WSGI application. Runs in the worker, which ends when ``parent`` is gone."""
    runtime.use(prepared)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    return get_wsgi_application()


def _end_with_parent(parent: int) -> None:
    """End this process once its parent was killed, so that the port is free again."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    os._exit(1)
