"""The web server's entry. Refuses to serve when a system check says that it would be unsafe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

serve = get_wsgi_application()

from config.startup import refuse_if_unsafe  # noqa: E402 - needs the apps loaded above

refuse_if_unsafe()

from connections.refresh.keeping import keep_journal  # noqa: E402 - as above

# What an earlier process of this host left, if it was killed, is stored before anybody asks for it.
keep_journal()

from connections.uses import keep_writing  # noqa: E402 - as above

# How often accounts are used is counted here and written beside the requests.
keep_writing()

from integrations.turns import turns  # noqa: E402 - as above


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request, when it is its turn."""
    with turns.taken():
        return serve(environ, start_response)


# A thread that comes back from the database waits for the interpreter up to this long. The default
# of 5 ms, a dozen times per request, is more than all the work of it.
sys.setswitchinterval(0.0005)
