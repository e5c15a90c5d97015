"""What each process is told: no more than it needs."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from config.run.options import HOST, Options

# Kept from the shell where it is set there; anything else of ours is not for these processes.
SANDBOX_ONLY = ("SANDBOX_CLIENT_SECRET",)
SERVICE_ONLY = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")


def service(options: Options, keys: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Return the environment of the web server, the worker and `manage.py`."""
    hosts = dict.fromkeys([HOST, "localhost", urlsplit(options.base_url).hostname or HOST])
    defaults = {
        "ALLOWED_HOSTS": ",".join(hosts),
        "BASE_URL": options.base_url,
        # Mails to people are files there: nothing leaves this machine.
        "EMAIL_URL": f"filemail:///{options.var / 'mail'}",
        "DEBUG": "0",
        "LOG_FORMAT": "readable",
        "LOG_LEVEL": "INFO",
        "OUTBOUND_ALLOW_LOOPBACK": "1",
        "STATIC_ROOT": str(options.var / "static"),
        "JOURNAL_FOLDER": str(options.var / "journal"),
    }
    own = {name: keys[name] for name in SERVICE_ONLY}
    fixed = {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | own | _shell(without=SANDBOX_ONLY) | fixed


def demo(options: Options, keys: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Return the environment of ``manage.py demo``, which knows the sandbox client's secret."""
    names = ("SANDBOX_CLIENT_SECRET", "DEMO_API_KEY")
    return service(options, keys, database_url) | {
        name: keys[name] for name in names if name in keys
    }


def sandbox(keys: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Return the environment of the sandbox provider, which is none of our servers."""
    own = {
        "DATABASE_URL": database_url,
        "PYTHONUNBUFFERED": "1",
        "SANDBOX_CLIENT_SECRET": keys["SANDBOX_CLIENT_SECRET"],
    }
    return _shell(without=SERVICE_ONLY) | own


def _shell(*, without: tuple[str, ...]) -> dict[str, str]:
    """Return the shell's environment less what is empty, of no concern, or another's secret."""
    hidden = {*without, *(f"{name}_FILE" for name in without)}
    return {name: value for name, value in os.environ.items() if value and name not in hidden}
