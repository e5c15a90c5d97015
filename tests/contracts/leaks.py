"""Looks for a canary everywhere it could come out: answers, logs, tables."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from config.logs import configure

# Put together at run time: tracebacks quote the lines of source files.
CANARY = "c4n4ry-sings" + "-tweet".lower()


@dataclass
class Fault:
    """Raises in the place of a function, with the canary in its message or in a variable."""

    where: str
    in_message: bool
    hits: int = 0

    def as_function(self) -> Callable[..., Any]:
        """Return a function, which unlike this object also becomes a method of a class."""

        def fail(*args: Any, **kwargs: Any) -> Any:
            self.fail()

        return fail

    def fail(self) -> None:
        """Raise."""
        self.hits += 1
        token = CANARY
        if not self.in_message:
            raise RuntimeError("a fault without the text")
        try:
            raise ValueError(f"cannot parse {token}")  # noqa: TRY301 - a chain is wanted
        except ValueError as error:
            raise RuntimeError(f"while handling {token!r}", {"token": token}) from error


@dataclass
class Records:
    """What the product's own handler wrote, in its two formats."""

    json: io.StringIO = field(default_factory=io.StringIO)
    readable: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.json.getvalue() + self.readable.getvalue()


@contextmanager
def recording() -> Iterator[Records]:
    """Record what LOGGING's handler writes, in both formats, at the level DEBUG."""
    records = Records()
    handlers = []
    for stream, readable in ((records.json, False), (records.readable, True)):
        options = configure(level="DEBUG", readable=readable)
        formatter = dict(options["formatters"]["line"])
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter.pop("()")(**formatter))
        for chosen in options["handlers"]["stderr"]["filters"]:
            handler.addFilter(options["filters"][chosen]["()"]())
        handlers.append(handler)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield records
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)


def tables_with(text: str) -> list[str]:
    """Return the tables that hold ``text`` in any column, read as the database shows them."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT 1 FROM "{table}" t WHERE strpos(t::text, %s) > 0 LIMIT 1',  # noqa: S608
                [text],
            )
            if cursor.fetchone():
                found.append(str(table))
    return found


def answer_of(response: Any) -> str:
    """Return everything of a response that goes out."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return f"{headers}\n{response.cookies}\n{response.content.decode()}"
