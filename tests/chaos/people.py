"""The people: they connect, and reconnect when they are told to, whatever breaks meanwhile."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests

from tests.chaos.serving import PERSON_COOKIE
from tests.chaos.world import CALLBACK_PATH

if TYPE_CHECKING:
    from tests.chaos.inbox import Arrival
    from tests.chaos.world import World

CALL_SECONDS = 60.0
TRIES = 12
AT_ONCE = 8
EXPIRED = "connected_account.expired"
# How long a person takes to follow the link in the app's message.
HESITATION = (0.5, 4.0)
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class TryAgain(Exception):
    """Something between the person and her goal is down at the moment."""


class Connected(Exception):
    """The link has led to a connection already; only the answer was lost."""


class People:
    """Everybody who has an account, and the app that hands them their links.

    Attributes:
        accounts: the account of each person, by her name.
        counts: what came of their ways.
    """

    def __init__(self, world: World) -> None:
        self.accounts: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self._world = world
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="people")
        self._ends = threading.Event()

    def connect_all(self) -> None:
        """Connect everybody for the first time, while nothing is broken."""
        options, names = self._world.options, list(self._world.providers)
        providers = [names[number % len(names)] for number in range(options.accounts)]
        people = [(f"{provider}-{number}", provider) for number, provider in enumerate(providers)]
        for person, account_id in self._pool.map(lambda each: self._connect(*each), people):
            self.accounts[person] = account_id

    def finish(self) -> None:
        """Wait for those on their way; nobody sets out any more."""
        self._ends.set()
        self._pool.shutdown()

    def _connect(self, person: str, provider: str) -> tuple[str, str]:
        body = {
            "user_id": person,
            "auth_config_id": self._world.seed.auth_configs[provider],
            "callback_url": f"{self._world.receiver.url}{CALLBACK_PATH}",
        }
        answer = requests.post(
            f"{self._world.url}/api/v1/connected_accounts/link",
            headers={"x-api-key": self._world.seed.api_key},
            json=body,
            timeout=CALL_SECONDS,
        )
        answer.raise_for_status()
        link = answer.json()
        _follow(link["redirect_url"], person)
        return person, link["connected_account_id"]

    # --- Reconnecting ----------------------------------------------------------------------------

    def hand_link(self, arrival: Arrival) -> None:
        """Send the person to her reconnect link where the app is told that her account expired."""
        if arrival.type == EXPIRED and not self._ends.is_set():
            data = json.loads(arrival.body)["data"]
            self._pool.submit(self._reconnect, data["user_id"], data["reauth_url"])

    def _reconnect(self, person: str, url: str) -> None:
        time.sleep(random.uniform(*HESITATION))  # noqa: S311 - manners, not secrets
        for _ in range(TRIES):
            try:
                _follow(url, person)
            except (TryAgain, requests.RequestException):
                self.counts["tries_in_vain"] += 1
                time.sleep(1.0)
            except Connected:
                self.counts["reconnected_unawares"] += 1
                return
            else:
                self.counts["reconnected"] += 1
                return
        self.counts["gave_up"] += 1


def _follow(url: str, person: str) -> None:
    """Go from the link through consent to the callback.

    Raises:
        TryAgain: a page said that something is down, or the way was lost.
        Connected: the link is used up.
    """
    with requests.Session() as session:
        session.cookies.set(PERSON_COOKIE, person)
        page = session.get(url, timeout=CALL_SECONDS)
        if page.status_code == 410:
            raise Connected
        token = CSRF.search(page.text)
        if page.status_code != 200 or token is None:
            raise TryAgain
        form = {"csrfmiddlewaretoken": token.group(1)}
        out = _redirect(session.post(url, data=form, allow_redirects=False, timeout=CALL_SECONDS))
        back = _redirect(session.get(out, allow_redirects=False, timeout=CALL_SECONDS))
        end = _redirect(session.get(back, allow_redirects=False, timeout=CALL_SECONDS))
    if parse_qs(urlsplit(end).query).get("status") != ["success"]:
        raise TryAgain


def _redirect(answer: requests.Response) -> str:
    if answer.status_code != 302:
        raise TryAgain
    return answer.headers["Location"]
