"""Puts grants into the by-hand project's database, from outside of it."""

from __future__ import annotations

from datetime import datetime

import psycopg

from tests.bench.provider import access_token, refresh_token

API_KEY = "by-hand-key"
CUSTOMER = "Bench"


def fill(url: str, *, count: int, expires_at: datetime) -> None:
    """Make the grants 1 to ``count`` and the key `API_KEY`."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO by_hand_apikey (customer, key) VALUES (%s, %s)", (CUSTOMER, API_KEY)
        )
        columns = "customer, access_token, refresh_token, token_type, expires_at"
        columns += ", refreshed_at, generation"
        with connection.cursor().copy(f"COPY by_hand_grant ({columns}) FROM STDIN") as copy:
            for number in range(count):
                access = access_token(f"h{number}", ends_at=expires_at.timestamp())
                refresh = refresh_token(f"h{number}")
                copy.write_row((CUSTOMER, access, refresh, "bearer", expires_at, expires_at, 1))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE by_hand_grant")
