"""What `make run` is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from config.run.errors import RunError

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where everything is.

    Attributes:
        var: the folder of generated keys and of the database.
        port: the web server's.
        sandbox_port: the sandbox provider's.
        database_url: the database to use instead of an embedded one, or None.
        base_url: the origin that links start with.
    """

    var: Path
    port: int
    sandbox_port: int
    database_url: str | None
    base_url: str

    @property
    def web_url(self) -> str:
        """Where the web server answers on this machine."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox provider answers."""
        return f"http://{HOST}:{self.sandbox_port}"


def read_options() -> Options:
    """Read the options from the environment. Raises RunError where one makes no sense."""
    port, sandbox_port = _port("PORT", "8000"), _port("SANDBOX_PORT", "8001")
    if port == sandbox_port:
        message = f"PORT and SANDBOX_PORT are both {port}: they need one each"
        raise RunError(message)
    return Options(
        var=Path(os.environ.get("EVERGRANT_VAR") or ROOT / "var").resolve(),
        port=port,
        sandbox_port=sandbox_port,
        database_url=os.environ.get("DATABASE_URL") or None,
        base_url=os.environ.get("BASE_URL") or f"http://{HOST}:{port}",
    )


def _port(name: str, default: str) -> int:
    text = os.environ.get(name) or default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        message = f"{name} must be a port number between 1 and 65535, not {text!r}"
        raise RunError(message)
    return int(text)
