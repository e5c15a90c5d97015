"""What a web server's process is to the journal: it serves a request, or none, and stays.

Arguments: the account whose credentials are asked for, if any.
"""

import sys
import time
from contextlib import suppress

import config.wsgi  # noqa: F401 - as a web server loads it
from connections.refresh import get_credentials
from integrations.database import DATABASE_AWAY

if __name__ == "__main__":
    for account_id in sys.argv[1:]:
        # A request is answered with 503 then.
        with suppress(*DATABASE_AWAY):
            get_credentials(account_id=account_id)
    time.sleep(60)
