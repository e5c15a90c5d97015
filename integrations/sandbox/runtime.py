"""What one start of the sandbox was given, handed to the settings without touching the disk.

The command line fills it before Django is set up. The process that serves requests is a fork of
that one (or, where the platform cannot fork, receives it pickled), so both see the same values.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

DEFAULT_SCHEMA = "sandbox"
SETTINGS_MODULE = "integrations.sandbox.settings"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The database (URL and schema), the host name served, and the keys kept in the database.

    Attributes:
        secret_key: Django's SECRET_KEY of the sandbox.
        signing_pem: the RSA private key (PEM) that signs ID tokens.
    """

    database_url: str = field(repr=False)
    schema: str = DEFAULT_SCHEMA
    host: str = "127.0.0.1"
    secret_key: str = field(default="", repr=False)
    signing_pem: str = field(default="", repr=False)


_current: Runtime | None = None


def use(runtime: Runtime) -> None:
    """Make ``runtime`` the one the settings read, and select those settings."""
    global _current  # noqa: PLW0603 - one process serves one sandbox
    _current = runtime
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE


def current() -> Runtime:
    """Return the runtime in use.

    Without one (a type checker or ``makemigrations`` loads the settings) the database comes from
    the environment and there is no key, so nothing can be signed or served.
    """
    return _current or Runtime(database_url=os.environ.get("DATABASE_URL", ""))
