"""How the web server is started: by `make run`, and by whatever tests or measures that."""

from typing import Final

from config.run.options import HOST

APPLICATION: Final = "config.wsgi:application"
# A thread waits for the database or for a provider most of its time.
THREADS: Final = 32


def web_server(*, port: int, threads: int = THREADS, application: str = APPLICATION) -> list[str]:
    """Return the arguments that make Python serve ``application`` on ``port`` of this machine."""
    return [
        *("-m", "granian", "--interface=wsgi", "--no-ws"),
        *(f"--host={HOST}", f"--port={port}", f"--blocking-threads={threads}"),
        application,
    ]
