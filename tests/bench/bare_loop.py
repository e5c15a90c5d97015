"""``python -m tests.bench.bare_loop``: the floor, a loop of requests, psycopg and Fernet.

16 threads, each with a connection to the database and one to the provider that stay open. One
transaction per account: claim (``FOR UPDATE SKIP LOCKED``), open, call, seal, store, commit. No
lease, no history, no event, no journal: a kill loses what was under way, and a slow provider holds
transactions open.
"""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import requests
from cryptography.fernet import Fernet

THREADS: Final = 16
PAUSE_SECONDS: Final = 0.05
CLIENT: Final = ("bench-client", "bench-client-secret")

CREATE: Final = """
    CREATE TABLE bare_account (
        id text PRIMARY KEY,
        sealed text NOT NULL,
        expires_at timestamptz NOT NULL,
        refresh_at timestamptz NOT NULL,
        generation bigint NOT NULL DEFAULT 1
    );
    CREATE INDEX bare_due ON bare_account (refresh_at);
"""
CLAIM: Final = """
    SELECT id, sealed FROM bare_account WHERE refresh_at <= now()
    ORDER BY refresh_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
STORE: Final = """
    UPDATE bare_account
    SET sealed = %s, expires_at = %s, refresh_at = %s, generation = generation + 1
    WHERE id = %s
"""


def work(fernet: Fernet, token_url: str) -> None:
    """Refresh one account after the other, for ever."""
    session = requests.Session()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        while True:
            with connection.transaction():
                done = refresh_one(connection, session, fernet, token_url)
            if not done:
                time.sleep(PAUSE_SECONDS)


def refresh_one(
    connection: psycopg.Connection, session: requests.Session, fernet: Fernet, token_url: str
) -> bool:
    """Refresh the account that waits longest; return whether there was one."""
    row = connection.execute(CLAIM).fetchone()
    if row is None:
        return False
    tokens = json.loads(fernet.decrypt(row[1]))
    answer = session.post(
        token_url,
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        auth=CLIENT,
        timeout=20,
    )
    answer.raise_for_status()
    issued = answer.json()
    now = datetime.now(UTC)
    sealed = fernet.encrypt(
        json.dumps(
            {"access_token": issued["access_token"], "refresh_token": issued["refresh_token"]}
        ).encode()
    ).decode()
    lifetime = timedelta(seconds=issued["expires_in"])
    connection.execute(STORE, (sealed, now + lifetime, now + lifetime * 0.7, row[0]))
    return True


def main() -> None:
    """Start the threads and wait for ever."""
    fernet = Fernet(os.environ["FIELD_ENCRYPTION_KEYS"])
    arguments = (fernet, os.environ["TOKEN_URL"])
    threads = [threading.Thread(target=work, args=arguments) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
